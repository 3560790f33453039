# perl locker.pl posix|flock FILE: a process that locks and writes as its standard input says, and answers each line by one:
#   lock START LENGTH | wait START LENGTH | unlock START LENGTH    (flock: the whole file, whatever the range)
#   write TEXT      at the start of the file, then fsync
#   put TEXT        the same without
# The answer is `ok`, or the number of the error and its text.
$| = 1;
my ($kind, $path) = @ARGV;
my ($F_SETLK, $F_SETLKW, $F_WRLCK, $F_UNLCK) = (6, 7, 1, 2);
my ($LOCK_EX, $LOCK_NB, $LOCK_UN) = (2, 4, 8);
my $fsync = 74;
my ($O_RDWR, $O_CREAT) = (2, 64);
my $file;
sysopen $file, $path, $O_RDWR | $O_CREAT or do { print "open: $!\n"; exit 1 };

# struct flock: type, whence, padding, start, length, pid, padding.
sub posix { my ($command, $type, $start, $length) = @_; fcntl $file, $command, pack 's s x4 q q l x4', $type, 0, $start, $length, 0 }

my %verbs = $kind eq 'posix' ? (
  lock => sub { posix($F_SETLK, $F_WRLCK, @_) },
  wait => sub { posix($F_SETLKW, $F_WRLCK, @_) },
  unlock => sub { posix($F_SETLK, $F_UNLCK, @_) },
) : (
  lock => sub { flock $file, $LOCK_EX | $LOCK_NB },
  wait => sub { flock $file, $LOCK_EX },
  unlock => sub { flock $file, $LOCK_UN },
);
$verbs{put} = sub {
  my $text = "@_";
  sysseek $file, 0, 0;
  defined syswrite $file, $text;
};
$verbs{write} = sub { $verbs{put}->(@_) && syscall($fsync, fileno $file) == 0 };

print "open\n";
while (<STDIN>) {
  chomp;
  my ($verb, @arguments) = split / /;
  print $verbs{$verb}->(@arguments) ? "ok\n" : sprintf("%d %s\n", $!, $!);
}
