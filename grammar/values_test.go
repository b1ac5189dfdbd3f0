package grammar

import (
	"fmt"
	"strings"
	"testing"
)

// valueCases are texts and what they mean; "error" with the part that is wrong
// and, after a colon, some words of the message.
var valueCases = map[string][][2]string{
	"bool": {
		{"yes", "true"}, {"1", "true"}, {"on", "true"}, {"TRUE", "true"}, {"t", "true"}, {"Y", "true"},
		{"no", "false"}, {"0", "false"}, {"off", "false"}, {"False", "false"}, {"n", "false"},
		{"", "error"}, {"2", "error 2"}, {"enable", "error enable"}, {" yes", "error  yes"},
	},
	"mode": {{"0644", "644"}, {"7777", "7777"}, {"0", "0"}, {"10000", "error 10000"}, {"08", "error 08"}, {"+7", "error +7"}, {"", "error"}, {"-1", "error -1"}},
	"int": {
		{"5", "5"}, {"-5", "-5"}, {"+5", "5"}, {"0x10", "16"}, {"010", "8"}, {"0b11", "3"}, {"0o17", "15"},
		{"1_0", "error 1_0"}, {"", "error"}, {"5x", "error 5x"}, {"9223372036854775808", "error 9223372036854775808"},
	},
	"uint": {{"5", "5"}, {"+5", "5"}, {"-5", "error -5"}, {"18446744073709551615", "18446744073709551615"}, {"++5", "error ++5"}, {"", "error"}},
	"size": {
		{"0", "0"}, {"4096", "4096"}, {"64K", "65536"}, {"1.5G", "1610612736"}, {"1G 512M", "1610612736"}, {"10B", "10"}, {"1 M", "1048576"},
		{"10.M", "10485760"}, {"0.5K", "512"}, {"16E", "error 16E"}, {"15E", "17293822569102704640"}, {"infinity", "18446744073709551615"}, {"+5", "5"},
		{"", "error"}, {"5KB", "error KB"}, {"1M 1G", "error G"}, {"1e3", "error e3"}, {"-5", "error -5"}, {"0x10", "error x10"}, {"1m", "error m"},
		{"18446744073709551616", "error 18446744073709551616"}, {"5 5", "error 5"},
	},
	"percent": {
		{"50%", "5000"}, {"12.5%", "1250"}, {"12.34%", "1234"}, {"200%", "20000"}, {"125‰", "1250"}, {"12.5‰", "125"}, {"7‱", "7"}, {"0%", "0"},
		{"12.345%", "error 12.345%"}, {"5", "error 5"}, {"5.%", "error 5.%"}, {"%", "error %"}, {"-5%", "error -5%"}, {"", "error"},
	},
	"nofile": {
		{"1024", "1024:1024"}, {"10:20", "10:20"}, {"5:infinity", "5:18446744073709551615"}, {"infinity", "18446744073709551615:18446744073709551615"},
		{"20:10", "error 20:10"}, {"1K", "error 1K"}, {":5", "error"}, {"5:x", "error x"}, {"5 : 6", "error 5 "},
	},
	"memlock": {{"64M", "67108864:67108864"}, {"1G 1K:2G", "1073742848:2147483648"}, {"64M:x", "error x"}},
	"cpu":     {{"5", "5:5"}, {"1.5", "2:2"}, {"1min:1h", "60:3600"}, {"infinity", "18446744073709551615:18446744073709551615"}, {"x", "error x"}},
	"rttime":  {{"5", "5:5"}, {"5:1s", "5:1000000"}, {"1ms", "1000:1000"}},
	"nice":    {{"-5", "25:25"}, {"+19", "1:1"}, {"15", "15:15"}, {"41", "error 41"}, {"+20", "error +20"}, {"-21", "error -21"}, {"", "error"}},
	"timespan": {
		{"2 h", "7200000000000"}, {"2hours", "7200000000000"}, {"48hr", "172800000000000"}, {"1y 12month", "63115200000000000"},
		{"55s500ms", "55500000000"}, {"300ms20s 5day", "432020300000000"}, {"50", "50000000000"}, {"2min 200ms", "120200000000"},
		{"infinity", "9223372036854775807"}, {"300y", "9223372036854775807"}, {"1.0000019s", "1000001000"},
		{"", "error"}, {"5 parsecs", "error parsecs"}, {"-5", "error -5"}, {"1.2.3", "error 1.2."}, {"s", "error s"}, {"5ns", "error ns"},
	},
	"nanoseconds": {{"50", "50"}, {"50us", "50000"}, {"1.5us", "1500"}, {"7ns", "7"}, {"1nsec 1s", "1000000001"}},
	"signal": {
		{"SIGTERM", "15"}, {"TERM", "15"}, {"15", "15"}, {"SIGRTMIN", "34"}, {"RTMIN+3", "37"}, {"SIGRTMAX", "64"}, {"RTMAX-3", "61"}, {"64", "64"},
		{"SIGRTMIN+31", "error SIGRTMIN+31"}, {"RTMIN-1", "error RTMIN-1"}, {"RTMIN+", "error RTMIN+"}, {"65", "error 65"}, {"0", "error 0"}, {"SIG15", "error SIG15"},
		{"term", "error term"}, {"SIGCLD", "error SIGCLD"}, {"", "error"}, {"SIG", "error SIG"},
	},
	"statuses": {
		{"", "[] []"}, {"TEMPFAIL 250 SIGKILL RTMIN+3", "[75 250] [9 37]"}, {"0x10 +3 15 TERM", "[3 15 16] [15]"}, {"CHDIR EXCEPTION RTMAX", "[200 255] [64]"},
		{"1 256", "error 256"}, {"chdir", "error chdir"}, {"EXIT_CHDIR", "error EXIT_CHDIR"},
	},
	"environment": {
		{"", ""}, {`ONE='one' "TWO='two two' too" THREE=`, "ONE=one;TWO='two two' too;THREE=;"}, {`"A=1 2" B=\x41\n`, "A=1 2;B=A\n;"},
		{"A=$B=%%", "A=$B=%%;"}, {"A B=1", "!;B=1;"}, {"1A=x A.B=x =x", "!;!;!;"}, {`A=\xff`, "!;"}, {`A=\x01`, "A=\x01;"}, {`A="b`, `error "b`},
	},
	"units": {{"a.service  b@%i.service", "a.service;b@%i.service;"}, {`a\x2db.service "c d.service"`, `a\x2db.service;c d.service;`}, {`"a`, `error "a`}},
	"address": {
		{"/run/x", "unix /run/x"}, {"@abs name", "unix @abs name"}, {"80", "[::]:80 bare"}, {"0x50", "[::]:80 bare"}, {"1.2.3.4:80", "1.2.3.4:80"}, {"[::1]:80", "[::1]:80"},
		{"[fe80::1]:80%eth0", "[fe80::1]:80%eth0"}, {"[fe80::1%eth0]:80", "[fe80::1]:80%eth0"}, {"[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]:80"},
		{"vsock::80", "vsock 4294967295 80"}, {"vsock:2:1234", "vsock 2 1234"}, {"vsock-stream::80", "vsock 4294967295 80"}, {"vsock-stram::80", "error :"}, {"/" + strings.Repeat("a", 106), "unix /" + strings.Repeat("a", 106)},
		{"", "error"}, {"rel", "error rel"}, {"@", "error @"}, {"0", "error 0"}, {"65536", "error 65536"}, {"080", "error 080"}, {"1.2.3.4", "error 1.2.3.4"},
		{"[::1]", "error"}, {"[::1]:", "error"}, {"[::1]:80%", "error"}, {"[1.2.3.4]:80", "error 1.2.3.4"}, {"::1:80", "error :"}, {"localhost:80", "error localhost"}, {"*:80", "error *"},
		{"1.2.3.4:080", "error 080"}, {"01.2.3.4:80", "error 01.2.3.4"}, {"vsock:x:80", "error x"}, {"vsock:2:", "error"}, {"[::1]:80 x", "error 80 x"},
		{"/" + strings.Repeat("a", 107), "error /" + strings.Repeat("a", 107)}, {"@" + strings.Repeat("a", 107), "error @" + strings.Repeat("a", 107)},
	},
	"netlink": {
		{"kobject-uevent 1", "netlink 15 1"}, {"audit", "netlink 9 0"}, {"route 0x10", "netlink 0 16"}, {"5 1", "netlink 5 1"},
		{"foo 1", "error foo"}, {"audit x", "error x"}, {"route 1 2", "error route 1 2"}, {"15 -1", "error -1"}, {"", "error"},
	},
	"unit name": {
		{"a.service", "a||service false"}, {"a@.service", "a||service true"}, {"a@b.socket", "a|b|socket false"}, {"a@b@c.d.timer", "a|b@c.d|timer false"}, {`dev-disk-by\x2did.device`, `dev-disk-by\x2did||device false`},
		{"-.mount", "-||mount false"}, {strings.Repeat("a", 247) + ".service", strings.Repeat("a", 247) + "||service false"},
		{"", "error"}, {"a", "error a"}, {".service", "error ."}, {"@b.service", "error @b"}, {"a.foo", "error foo"}, {"a b.service", "error  "}, {"a%i.service", "error %i"}, {"ä.service", "error ä"},
		{strings.Repeat("a", 248) + ".service", "error " + strings.Repeat("a", 248) + ".service"}, {"a.", "error"}, {"a/b.service", "error /"},
	},
	"specifiers": {
		{"plain", "plain"}, {"%i-%I", "<i>-<I>"}, {"100%%", "100%"}, {"%%i", "%i"}, {"%", "error %"}, {"%5", "error %5"}, {"a%", "error %"}, {"%q", "error %q"}, {"%i%%%i", "<i>%<i>"},
	},
	"caps": {
		{"CAP_NET_ADMIN cap_chown", "1001"}, {"~CAP_SYS_ADMIN", "~200000"}, {"~ CAP_KILL", "~20"}, {"", "0"}, {"~", "~0"}, {"40 CAP_BPF", "18000000000"},
		{"CAP_FOO", "error CAP_FOO"}, {"CAP_CHOWN ~CAP_KILL", "error ~CAP_KILL"}, {"63", "error 63"}, {"NET_ADMIN", "error NET_ADMIN"},
	},
	"syscalls": {
		{"@system-service read", "@system-service read"}, {"~@mount open:EPERM", "~ @mount open:EPERM"}, {"~ @x", "~ @x"}, {"read:5 write:kill", "read:5 write:kill"}, {"", ""},
		{"re-ad", "error re-ad"}, {"read:", "error"}, {"read:70000", "error 70000"}, {"@", "error @"}, {"read ~write", "error ~write"}, {"read:eperm", "error eperm"},
	},
	"cpus": {
		{"0-3 5,7", "[{0 3} {5 5} {7 7}]"}, {"", "[]"}, {"5", "[{5 5}]"}, {"0,2-4", "[{0 0} {2 4}]"},
		{"3-1", "error 3-1"}, {"a", "error a"}, {"1-", "error 1-"}, {"1-2-3", "error 1-2-3"}, {"99999", "error 99999"}, {"-1", "error -1"},
	},
	"prefixes": {
		{"10.0.0.0/8 ::1", "[10.0.0.0/8 ::1/128]"}, {"any", "[0.0.0.0/0 ::/0]"}, {"localhost", "[127.0.0.0/8 ::1/128]"}, {"10.1.2.3/8", "[10.0.0.0/8]"},
		{"link-local multicast", "[169.254.0.0/16 fe80::/64 224.0.0.0/4 ff00::/8]"}, {"", "[]"},
		{"10.0.0.0/33", "error 10.0.0.0/33"}, {"foo", "error foo"}, {"10.0.0", "error 10.0.0"}, {"fe80::1%eth0", "error fe80::1%eth0"},
	},
	"calendar": {
		{"Sat,Thu,Mon..Wed,Sat..Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00"}, {"Mon,Sun 12-*-* 2,1:23", "Mon,Sun 2012-*-* 01,02:23:00"},
		{"Wed *-1", "Wed *-*-01 00:00:00"}, {"Wed..Wed,Wed *-1", "Wed *-*-01 00:00:00"}, {"Wed, 17:48", "Wed *-*-* 17:48:00"},
		{"Wed..Sat,Tue 12-10-15 1:2:3", "Tue..Sat 2012-10-15 01:02:03"}, {"*-*-7 0:0:0", "*-*-07 00:00:00"}, {"10-15", "*-10-15 00:00:00"},
		{"monday *-12-* 17:00", "Mon *-12-* 17:00:00"}, {"Mon,Fri *-*-3,1,2 *:30:45", "Mon,Fri *-*-01,02,03 *:30:45"},
		{"12,14,13,12:20,10,30", "*-*-* 12,13,14:10,20,30:00"}, {"12..14:10,20,30", "*-*-* 12..14:10,20,30:00"},
		{"mon,fri *-1/2-1,3 *:30:45", "Mon,Fri *-01/2-01,03 *:30:45"}, {"03-05 08:05:40", "*-03-05 08:05:40"}, {"08:05:40", "*-*-* 08:05:40"}, {"05:40", "*-*-* 05:40:00"},
		{"Sat,Sun 12-05 08:05:40", "Sat,Sun *-12-05 08:05:40"}, {"Sat,Sun 08:05:40", "Sat,Sun *-*-* 08:05:40"}, {"2003-03-05 05:40", "2003-03-05 05:40:00"},
		{"05:40:23.4200004/3.1700005", "*-*-* 05:40:23.420000/3.170001"}, {"2003-02..04-05", "2003-02..04-05 00:00:00"}, {"2003-03-05 05:40 UTC", "2003-03-05 05:40:00 UTC"},
		{"2003-03-05", "2003-03-05 00:00:00"}, {"03-05", "*-03-05 00:00:00"}, {"hourly", "*-*-* *:00:00"}, {"daily", "*-*-* 00:00:00"}, {"daily UTC", "*-*-* 00:00:00 UTC"},
		{"monthly", "*-*-01 00:00:00"}, {"weekly", "Mon *-*-* 00:00:00"}, {"weekly Pacific/Auckland", "Mon *-*-* 00:00:00 Pacific/Auckland"},
		{"yearly", "*-01-01 00:00:00"}, {"annually", "*-01-01 00:00:00"}, {"*:2/3", "*-*-* *:02/3:00"}, {"minutely", "*-*-* *:*:00"},
		{"quarterly", "*-01,04,07,10-01 00:00:00"}, {"semiannually", "*-01,07-01 00:00:00"}, {"*-02~03", "*-02~03 00:00:00"}, {"Mon *-05~07/1", "Mon *-05~07/1 00:00:00"},
		{"", "error"}, {"25:00", "error 25:00"}, {"Fri..Mon", "error Mon"}, {"sometimes", "error sometimes"}, {"10:00 ?", "error ?"}, {"*:*/5", "error /"}, {"10:0/0", "error 0"},
	},
}

// valuePrinters parse and say what a text means.
var valuePrinters = map[string]func(s string) (any, *Error){
	"bool":        func(s string) (any, *Error) { v, err := ParseBool(s); return v, err },
	"mode":        func(s string) (any, *Error) { v, err := ParseMode(s); return fmt.Sprintf("%o", v), err },
	"int":         func(s string) (any, *Error) { v, err := ParseInt(s); return v, err },
	"uint":        func(s string) (any, *Error) { v, err := ParseUint(s); return v, err },
	"size":        func(s string) (any, *Error) { v, err := ParseSize(s); return v, err },
	"percent":     func(s string) (any, *Error) { v, err := ParsePercent(s); return v, err },
	"nofile":      limitPrinter(LimitNumber),
	"memlock":     limitPrinter(LimitSize),
	"cpu":         limitPrinter(LimitSeconds),
	"rttime":      limitPrinter(LimitMicros),
	"nice":        limitPrinter(LimitNice),
	"timespan":    func(s string) (any, *Error) { v, err := ParseTimespan(s); return v, err },
	"nanoseconds": func(s string) (any, *Error) { v, err := ParseTimespanIn(s, Nanosecond); return v, err },
	"signal":      func(s string) (any, *Error) { v, err := ParseSignal(s); return v, err },
	"statuses":    printStatuses,
	"environment": printEnvironment,
	"units":       printUnits,
	"address":     func(s string) (any, *Error) { v, err := ParseAddress(s); return printAddress(v), err },
	"netlink":     func(s string) (any, *Error) { v, err := ParseNetlink(s); return printAddress(v), err },
	"unit name": func(s string) (any, *Error) {
		u, err := ParseUnitName(s)
		return fmt.Sprint(u.Prefix, "|", u.Instance, "|", u.Type, " ", u.Template), err
	},
	"caps":     printCaps,
	"syscalls": printSyscalls,
	"cpus":     func(s string) (any, *Error) { v, err := ParseCPUs(s); return v, err },
	"prefixes": func(s string) (any, *Error) { v, err := ParsePrefixes(s); return v, err },
	"specifiers": func(s string) (any, *Error) {
		v, err := Expand(s, func(c byte) (string, bool) { return "<" + string(c) + ">", c == 'i' || c == 'I' })
		return v, err
	},
	"calendar": func(s string) (any, *Error) { v, err := ParseCalendar(s); return v, err },
}

func limitPrinter(kind LimitKind) func(s string) (any, *Error) {
	return func(s string) (any, *Error) {
		soft, hard, err := ParseLimit(kind, s)
		return fmt.Sprint(soft, ":", hard), err
	}
}

func printStatuses(s string) (any, *Error) {
	set, err := ParseExitStatuses(s)
	status, signals := []int{}, []int{}
	for n := range 256 {
		if set.HasStatus(n) {
			status = append(status, n)
		}
		if n < 128 && set.HasSignal(n) {
			signals = append(signals, n)
		}
	}
	return fmt.Sprint(status, " ", signals), err
}

func printEnvironment(s string) (any, *Error) {
	list, err := ParseEnvironment(s)
	out := ""
	for _, a := range list {
		if a.Bad != nil {
			out += "!;"
			continue
		}
		out += a.Name + "=" + a.Value + ";"
	}
	return out, err
}

func printUnits(s string) (any, *Error) {
	list, err := ParseUnitList(s)
	out := ""
	for _, w := range list {
		out += w.Text + ";"
	}
	return out, err
}

func printCaps(s string) (any, *Error) {
	set, err := ParseCapabilities(s)
	if set.Invert {
		return fmt.Sprintf("~%x", set.Caps), err
	}
	return fmt.Sprintf("%x", set.Caps), err
}

func printSyscalls(s string) (any, *Error) {
	list, err := ParseSyscalls(s)
	var out []string
	if list.Invert {
		out = append(out, "~")
	}
	for _, c := range list.Calls {
		s := c.Name
		if c.Group {
			s = "@" + s
		}
		if c.Action != "" {
			s += ":" + c.Action
		}
		out = append(out, s)
	}
	return strings.Join(out, " "), err
}

func printAddress(a Address) string {
	switch a.Family {
	case FamilyUnix:
		if a.Abstract {
			return "unix @" + a.Path
		}
		return "unix " + a.Path
	case FamilyVsock:
		return fmt.Sprint("vsock ", a.CID, " ", a.Port)
	case FamilyNetlink:
		return fmt.Sprint("netlink ", a.Protocol, " ", a.Groups)
	}
	s := fmt.Sprintf("%s:%d", a.IP, a.Port)
	if a.Family == FamilyIPv6 {
		s = fmt.Sprintf("[%s]:%d", a.IP, a.Port)
	}
	if a.Scope != "" {
		s += "%" + a.Scope
	}
	if a.Bare {
		s += " bare"
	}
	return s
}

func TestValues(t *testing.T) {
	for name, cases := range valueCases {
		for _, c := range cases {
			v, err := valuePrinters[name](c[0])
			got := fmt.Sprint(v)
			if err != nil {
				inside(t, c[0], err)
				if got = "error"; err.End > err.Offset {
					got += " " + c[0][err.Offset:err.End]
				}
			}
			if got != c[1] {
				t.Errorf("%s: %q is %q (%v), not %q", name, c[0], got, err, c[1])
			}
		}
	}
}

// TestHints: an error should say what to do.
func TestHints(t *testing.T) {
	for _, c := range []struct{ name, in, hint string }{
		{"timespan", "5 parsecs", "5min 20s"},
		{"signal", "sigterm", "SIGTERM"},
		{"address", "1.2.3.4", "1.2.3.4:80"},
		{"unit name", "web", "web.service"},
		{"size", "5KB", "64M"},
		{"calendar", "Sat..Mon", "Sat,Sun,Mon"},
		{"mode", "rw", "0644"},
	} {
		_, err := valuePrinters[c.name](c.in)
		if err == nil || !strings.Contains(err.Hint, c.hint) {
			t.Errorf("%s: %q: the hint does not say %q: %+v", c.name, c.in, c.hint, err)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[int]string{15: "SIGTERM", 34: "SIGRTMIN", 37: "SIGRTMIN+3", 64: "SIGRTMIN+30", 32: "32", 0: "0", -1: "-1"} {
		if got := SignalName(in); got != want {
			t.Errorf("signal %d is %q, not %q", in, got, want)
		}
		if n, err := ParseSignal(SignalName(in)); in >= 34 && (err != nil || n != in) {
			t.Errorf("the name of signal %d is read as %d", in, n)
		}
	}
	for in, want := range map[int]string{0: "SUCCESS", 75: "TEMPFAIL", 203: "EXEC", 100: "100"} {
		if got := ExitStatusName(in); got != want {
			t.Errorf("exit status %d is %q, not %q", in, got, want)
		}
	}
	if got := TemplateOf("a@b.service") + TemplateOf("a.service") + TemplateOf("a@.service"); got != "a@.service" {
		t.Errorf("templates: %q", got)
	}
	if got, err := MangleInstance("a@.service", "b c"); err != nil || got != `a@b\x20c.service` {
		t.Errorf("instance: %q, %v", got, err)
	}
	if _, err := MangleInstance("a.service", "b"); err == nil {
		t.Errorf("an instance of what is no template")
	}
}

// TestExpandGoesOn: text is good even when a specifier is not known.
func TestExpandGoesOn(t *testing.T) {
	got, err := Expand("%q-%i-%", func(c byte) (string, bool) { return "x", c == 'i' })
	if got != "%q-x-%" || err == nil || err.Offset != 0 {
		t.Errorf("%q, %+v", got, err)
	}
}

// Values that are a few words are not read when they are as long as a book.
func TestShortValues(t *testing.T) {
	for name, parse := range map[string]func(s string) *Error{
		"a time span":             func(s string) *Error { _, err := ParseTimespan(s); return err },
		"a calendar event":        func(s string) *Error { _, err := ParseCalendar(s); return err },
		"an address to listen on": func(s string) *Error { _, err := ParseAddress(s); return err },
	} {
		err := parse(strings.Repeat("1s ", 300_000))
		if err == nil || err.Msg != name+" of more than 4096 bytes" {
			t.Errorf("%s: %+v", name, err)
		}
	}
}
