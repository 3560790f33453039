# perl edit.pl FILE [TEXT]: prints what is in the file, and puts the text there instead. It is opened for reading and writing,
# which is what a server may give a delegation to write for.
my ($path, $text) = @ARGV;
my ($O_RDWR, $O_CREAT) = (2, 64);
sysopen my $file, $path, $O_RDWR | $O_CREAT or die "open: $!\n";
sysread $file, my $was, 4096;
print $was;
exit unless defined $text;
truncate $file, 0 or die "truncate: $!\n";
sysseek $file, 0, 0;
syswrite $file, $text or die "write: $!\n";
close $file or die "close: $!\n";
