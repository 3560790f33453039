# perl count.pl FILE TIMES: adds one to the number in the file so often, under a POSIX lock, with an open and a close each time.
# It asks again by itself when somebody has the lock: the kernel would wait a second or more before it does.
my ($path, $times) = @ARGV;
my ($O_RDWR, $O_CREAT, $F_SETLK, $F_WRLCK) = (2, 64, 6, 1);
for (1 .. $times) {
  sysopen my $file, $path, $O_RDWR | $O_CREAT or die "open: $!\n";
  select undef, undef, undef, 0.01 until fcntl $file, $F_SETLK, pack 's s x4 q q l x4', $F_WRLCK, 0, 0, 0, 0;
  sysread $file, my $was, 20;
  sysseek $file, 0, 0;
  syswrite $file, $was + 1 or die "write: $!\n";
  close $file or die "close: $!\n";
}
