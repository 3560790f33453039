# The guest's end of the serial line. Lines from the host:
#   ID run COMMAND    starts a shell command
#   ID in TEXT        a line for its standard input
#   ID eof            the end of that
# and to the host: `ID out LINE` (stdout and stderr), `ID end STATUS`, and once `ready`.
# Without modules: the guest has the program perl and nothing else of Perl.
$| = 1;
$SIG{PIPE} = 'IGNORE';
my (%process, %input, %output, %pending);
my $typed = '';

sub say_line { my $line = "$_[0]\n"; while (length $line) { my $n = syswrite STDOUT, $line; substr($line, 0, $n) = '' if $n } }

sub run {
  my ($id, $command) = @_;
  pipe(my $their_in, my $in) or die;
  pipe(my $out, my $their_out) or die;
  my $pid = fork;
  if ($pid == 0) {
    $SIG{PIPE} = 'DEFAULT';
    open STDIN, '<&', $their_in;
    open STDOUT, '>&', $their_out;
    open STDERR, '>&', $their_out;
    close $_ for $their_in, $their_out, $in, $out, values %input, values %output;
    exec '/bin/sh', '-c', $command;
    exit 127;
  }
  close $their_in;
  close $their_out;
  ($process{$id}, $input{$id}, $output{$id}, $pending{$id}) = ($pid, $in, $out, '');
}

sub obey {
  my ($id, $verb, $text) = split / /, $_[0], 3;
  if ($verb eq 'run') { run($id, $text) }
  elsif ($verb eq 'in') { syswrite $input{$id}, "$text\n" if $input{$id} }
  elsif ($verb eq 'eof') { close delete $input{$id} if $input{$id} }
}

sub hear {
  my $id = $_[0];
  my $n = sysread $output{$id}, my $bytes, 4096;
  $pending{$id} .= $bytes if $n;
  while ($pending{$id} =~ s/^([^\n]*)\n//) { say_line("$id out $1") }
  return if $n;
  say_line("$id out $pending{$id}") if length $pending{$id};
  close delete $output{$id};
  close delete $input{$id} if $input{$id};
  waitpid delete $process{$id}, 0;
  say_line("$id end " . ($? & 127 ? 128 + ($? & 127) : $? >> 8));
}

say_line('ready');
while (1) {
  my $wanted = '';
  vec($wanted, fileno($_), 1) = 1 for \*STDIN, values %output;
  select($wanted, undef, undef, undef) > 0 or next;
  for my $id (keys %output) { hear($id) if vec($wanted, fileno $output{$id}, 1) }
  next unless vec($wanted, fileno STDIN, 1);
  sysread(STDIN, $typed, 4096, length $typed) or last;
  while ($typed =~ s/^([^\n]*)\n//) { obey($1) }
}
