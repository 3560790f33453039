# perl details.pl DIRECTORY OTHER: what programs do to files beside reading and writing, a line for each. OTHER is the same directory by
# another mount, which is another client to the server.
$| = 1;
my ($directory, $other) = @ARGV;
my ($read, $mmap, $munmap, $msync, $getxattr) = (0, 9, 11, 26, 191);
my ($O_RDONLY, $O_RDWR, $O_CREAT, $O_EXCL, $O_APPEND) = (0, 2, 64, 128, 1024);
my ($F_GETLK, $F_SETLK, $F_SETLKW, $F_RDLCK, $F_WRLCK, $F_UNLCK) = (5, 6, 7, 0, 1, 2);
my $FICLONE = 0x40049409;

sub outcome { my ($done) = @_; $done ? 'ok' : $! + 0 }
sub contents { my ($path) = @_; open my $file, '<', $path or return "open: $!"; local $/; my $all = <$file>; $all }
sub put { my ($path, $text) = @_; open my $file, '>', $path or die "$path: $!\n"; print $file $text; close $file or die "$path: $!\n" }
sub posix { my ($file, $command, $type) = @_; my $lock = pack 's s x4 q q l x4', $type, 0, 0, 10, 0; (fcntl($file, $command, $lock), unpack 's', $lock) }

# Exclusive creation.
print 'exclusive ', outcome(sysopen my $mine, "$directory/excl", $O_RDWR | $O_CREAT | $O_EXCL, 0600), ' ';
print outcome(sysopen my $theirs, "$other/excl", $O_RDWR | $O_CREAT | $O_EXCL), "\n";

# Another file takes its name while it is open; then it is removed, too.
put("$directory/$_", $_) for 'old', 'new';
open my $old, '<', "$directory/old";
rename "$directory/new", "$directory/old";
print 'renamed over ', contents("$directory/old"), ' ', scalar <$old>, "\n";
open my $gone, '+<', "$directory/old";
unlink "$directory/old";
print $gone 'unseen';
seek $gone, 0, 0;
print 'removed ', scalar <$gone>, ' ', -e "$directory/old" ? 'there' : 'gone', "\n";
close $_ for $old, $gone;

# A mapped file is written to by having read(2) put its bytes there.
put("$directory/mapped", '.' x 8192);
put("$directory/bytes", 'mapped');
open my $mapped, '+<', "$directory/mapped";
my $address = syscall $mmap, 0, 8192, 3, 1, fileno $mapped, 0;
open my $bytes, '<', "$directory/bytes";
syscall $read, fileno $bytes, $address + 4096, 6;
syscall $msync, $address, 8192, 4;
syscall $munmap, $address, 8192;
close $mapped;
print 'mapped ', substr(contents("$other/mapped"), 4090, 18), "\n";

# Two clients append by turns, under a lock.
for my $child (0, 1) {
  next if fork;
  my $at = $child ? $other : $directory;
  for my $line (1 .. 10) {
    sysopen my $log, "$at/log", $O_RDWR | $O_CREAT | $O_APPEND;
    select undef, undef, undef, 0.01 until (posix($log, $F_SETLK, $F_WRLCK))[0];
    syswrite $log, "$child $line\n";
    close $log;
  }
  exit;
}
1 while wait > 0;
my @lines = split /\n/, contents("$directory/log");
my %seen = map { $_ => 1 } @lines;
print 'appended ', scalar @lines, ' ', scalar keys %seen, "\n";

# Who has it?
put("$directory/locked", 'x' x 20);
open my $locked, '+<', "$directory/locked";
open my $elsewhere, '+<', "$other/locked";
posix($locked, $F_SETLK, $F_RDLCK);
print 'shared ', (posix($elsewhere, $F_GETLK, $F_RDLCK))[1], ' ', (posix($elsewhere, $F_GETLK, $F_WRLCK))[1], ' ';
print outcome((posix($elsewhere, $F_SETLK, $F_RDLCK))[0]), ' ', outcome((posix($locked, $F_SETLK, $F_WRLCK))[0]), "\n";
close $elsewhere;

# What the server has not.
my ($path, $name, $value) = ("$directory/locked", 'system.nfs4_acl', ' ' x 100);
print 'acl ', syscall($getxattr, $path, $name, $value, 100) < 0 ? $! + 0 : 'there', "\n";
open my $clone, '>', "$directory/clone";
print 'clone ', ioctl($clone, $FICLONE, fileno $locked) || $! == 95 ? 'ok' : $!, "\n";

# Names and sizes.
print 'names ', outcome(mkdir "$directory/" . 'n' x 255), ' ', outcome(mkdir "$directory/" . 'n' x 256), "\n";
truncate $clone, 1 << 40;
print 'large ', -s "$other/clone", "\n";

# Another user.
chmod 0600, "$directory/locked";
$> = 1000;
print 'stranger ', outcome(open my $secret, '<', "$directory/locked"), ' ', outcome(mkdir "$directory/his"), "\n";
$> = 0;
