# perl version-2.pl DIRECTORY: what a mount of version 4.2 can do and earlier ones cannot. A line for each.
my ($directory) = @ARGV;
my ($lseek, $setxattr, $getxattr, $listxattr, $removexattr, $fallocate, $copy_file_range) = (8, 188, 191, 194, 197, 285, 326);
my ($SEEK_DATA, $SEEK_HOLE, $PUNCH_HOLE_KEEP_SIZE) = (3, 4, 3);
my $path = "$directory/extents";
open my $file, '+>', $path or die "open: $!\n";
open my $copy, '+>', "$directory/copy" or die "open: $!\n";
print $file 'hello' x 4096;
close $file;
open $file, '+<', $path or die "open: $!\n";

sub tell_of { my ($name, $result, $more) = @_; print "$name ", $result < 0 ? "$!" : $result, $more, "\n" }

my ($attribute, $value, $names) = ('user.colour', 'green', ' ' x 100);
tell_of('setxattr', syscall $setxattr, $path, $attribute, $value, length $value, 0);
my $got = ' ' x 20;
my $length = syscall $getxattr, $path, $attribute, $got, 20;
tell_of('getxattr', $length, ' ' . substr $got, 0, $length);
$length = syscall $listxattr, $path, $names, 100;
tell_of('listxattr', $length, ' ' . substr $names, 0, $length - 1);
tell_of('removexattr', syscall $removexattr, $path, $attribute);
tell_of('allocate', syscall $fallocate, fileno $file, 0, 0, 65536);
tell_of('size', -s $path);
tell_of('deallocate', syscall $fallocate, fileno $file, $PUNCH_HOLE_KEEP_SIZE, 4096, 4096);
tell_of('hole', syscall $lseek, fileno $file, 0, $SEEK_HOLE);
tell_of('data', syscall $lseek, fileno $file, 4096, $SEEK_DATA);
syscall $lseek, fileno $file, 0, 0;
tell_of('copy', syscall $copy_file_range, fileno $file, 0, fileno $copy, 0, 10000, 0);
