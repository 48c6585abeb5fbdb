# What SpamAssassin says of texts: `perl spamassassin.pl ROOT < texts.jsonl > said.jsonl`. Local tests only: no network, no
# Bayes, no lists. ROOT holds Debian's packages, unpacked. Every text gets the same plain headers, so that they tell nothing.
use strict;
use warnings;
use JSON::PP;

my $root;
BEGIN {
    $root = $ARGV[0];
    unshift @INC, "$root/usr/share/perl5", glob("$root/usr/lib/*/perl5/*");
}
use Mail::SpamAssassin;

my $judge = Mail::SpamAssassin->new({
    rules_filename => "$root/usr/share/spamassassin", site_rules_filename => "$root/etc/spamassassin",
    userprefs_filename => "/dev/null", userstate_dir => "$root/state", home_dir_for_helpers => "$root/state",
    local_tests_only => 1, dont_copy_prefs => 1,
    config_text => undef, post_config_text => "use_bayes 0\nuse_auto_welcomelist 0\ndns_available no\n",
});
$judge->init(1);
my $json = JSON::PP->new->utf8;
$| = 1;
while (my $line = <STDIN>) {
    my $text = $json->decode($line)->{text};
    my $kind = $text =~ /<(?:html|body|table|div|p)\b/i ? "text/html" : "text/plain";
    my ($first) = $text =~ /\A(?:Subject:\s*)?([^\n]{1,70})/;
    utf8::encode($text);
    $first = defined $first ? $first : "";
    utf8::encode($first);
    my $mail = $judge->parse(
        "From: \"A. Sender\" <sender\@example.org>\nTo: reader\@example.net\nSubject: $first\nDate: Mon, 2 Nov 2026 10:00:00 +0000\n"
        . "Message-ID: <20261102100000.1\@mail.example.org>\nMIME-Version: 1.0\nContent-Type: $kind; charset=utf-8\n"
        . "Content-Transfer-Encoding: 8bit\n\n$text\n");
    my $found = $judge->check($mail);
    print $json->encode({score => $found->get_score + 0, flagged => $found->is_spam ? JSON::PP::true : JSON::PP::false}), "\n";
    $found->finish;
    $mail->finish;
}
