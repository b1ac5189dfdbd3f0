package grammar

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// AddressFamily says what a socket's address is.
type AddressFamily uint8

// The families: systemd.socket(5), "ListenStream=" and "ListenNetlink=".
const (
	FamilyUnix AddressFamily = iota + 1
	FamilyIPv4
	FamilyIPv6
	FamilyVsock
	FamilyNetlink
)

// VsockAny is the context that stands for all: VMADDR_CID_ANY, vsock(7).
const VsockAny uint32 = 1<<32 - 1

// Address is where a socket listens.
type Address struct {
	Family   AddressFamily
	Path     string     // FamilyUnix: the path, or the name without its "@"
	Abstract bool       // FamilyUnix: Path is a name, not in the file system
	IP       netip.Addr // FamilyIPv4, FamilyIPv6; without its scope
	Bare     bool       // FamilyIPv6: only a port was written, and IP is "::"
	Scope    string     // FamilyIPv6: the interface's name or number, or ""
	Port     uint32     // FamilyIPv4, FamilyIPv6, FamilyVsock
	CID      uint32     // FamilyVsock
	Protocol int        // FamilyNetlink: the number of the netlink family
	Groups   uint32     // FamilyNetlink: the multicast group
}

const addressHint = "write /path, @name, a port, 1.2.3.4:port, [1::2]:port or vsock:cid:port"

// address is the structure of an address.
type address struct {
	Unix  string      `parser:"@Path"`
	Vsock *vsockTail  `parser:"| @@"`
	IPv6  *ipv6Tail   `parser:"| @@"`
	Host  lexer.Token `parser:"| (@Text"`
	Port  lexer.Token `parser:"Colon @Text"`
	Scope *scope      `parser:"@@?)"`
	Bare  lexer.Token `parser:"| @Port"`
}

// scope is an interface. systemd 252 takes it after the port; inside of the
// brackets, where everybody else has it, is accepted, too.
type scope struct {
	Name string `parser:"Percent @Text"`
}

type ipv6Tail struct {
	IP     lexer.Token `parser:"Open @Text"`
	Inside *scope      `parser:"@@?"`
	Port   lexer.Token `parser:"Close Colon @Text"`
	After  *scope      `parser:"@@?"`
}

type vsockTail struct {
	CID  lexer.Token `parser:"Vsock Colon @Text?"`
	Port lexer.Token `parser:"Colon @Text"`
}

const (
	tokPath lexer.TokenType = iota + 1
	tokText
	tokPort // a text that is the whole value
	tokVsock
	tokOpen
	tokClose
	tokColon
	tokPercent
)

var addressParser = participle.MustBuild[address](participle.Lexer(scanner{
	map[string]lexer.TokenType{
		"EOF": lexer.EOF, "Path": tokPath, "Text": tokText, "Port": tokPort, "Vsock": tokVsock,
		"Open": tokOpen, "Close": tokClose, "Colon": tokColon, "Percent": tokPercent,
	},
	scanAddress,
}))

// scanAddress cuts at the punctuation; between brackets a ":" is none.
func scanAddress(s string) ([]lexer.Token, *Error) {
	if s != "" && (s[0] == '/' || s[0] == '@') {
		return []lexer.Token{tokenAt(tokPath, s, 0, len(s))}, nil
	}
	var tokens []lexer.Token
	marks := "[]%:"
	for i := 0; i < len(s); {
		end := i + 1
		kind := tokText
		switch s[i] {
		case '[':
			kind, marks = tokOpen, "[]%"
		case ']':
			kind, marks = tokClose, "[]%:"
		case '%':
			kind = tokPercent
		case ':':
			kind = tokColon
		}
		if kind == tokColon && marks != "[]%:" {
			kind = tokText
		}
		if kind == tokText {
			for end < len(s) && strings.IndexByte(marks, s[end]) < 0 {
				end++
			}
			switch text := s[i:end]; {
			case len(text) == len(s):
				kind = tokPort
			case i == 0 && isVsock(text):
				kind = tokVsock
			}
		}
		tokens = append(tokens, tokenAt(kind, s, i, end))
		i = end
	}
	return tokens, nil
}

// isVsock says whether a word begins an address of vsock(7). The words that name
// a type of socket, too, are newer than version 252; there as here the directive
// decides which type it is.
func isVsock(s string) bool {
	return s == "vsock" || s == "vsock-stream" || s == "vsock-dgram" || s == "vsock-seqpacket"
}

// ParseAddress reads the address of ListenStream=, ListenDatagram= or
// ListenSequentialPacket=.
func ParseAddress(s string) (Address, *Error) {
	tree, err := parseShort(addressParser, s, "an address to listen on", addressHint)
	if err != nil {
		return Address{}, err
	}
	switch {
	case tree.Unix != "":
		return unixAddress(tree.Unix)
	case tree.Vsock != nil:
		return vsockAddress(tree.Vsock)
	case tree.IPv6 != nil:
		return ipv6Address(tree.IPv6)
	case tree.Bare.Value != "":
		return bareAddress(tree.Bare)
	}
	return ipv4Address(tree)
}

// unixMax is the longest path or name: sun_path of unix(7) with a final NUL.
const unixMax = 107

func unixAddress(s string) (Address, *Error) {
	a := Address{Family: FamilyUnix, Path: s}
	if s[0] == '@' {
		a.Abstract, a.Path = true, s[1:]
	}
	switch {
	case a.Path == "/":
		return Address{}, wrong(s, "the root folder cannot be a socket", "write the path of the socket")
	case a.Path == "":
		return Address{}, wrong(s, "expected a name after \"@\"", "write the socket's abstract name, as in @name")
	case len(s) > unixMax:
		return Address{}, wrong(s, fmt.Sprintf("a socket's path of %d bytes", len(s)), "the kernel takes at most 107: use a shorter path")
	}
	return a, nil
}

func bareAddress(tok lexer.Token) (Address, *Error) {
	if !isDigit(tok.Value[0]) && tok.Value[0] != '+' {
		return Address{}, wrong(tok.Value, "expected an address to listen on, not "+quoted(tok.Value), addressHint)
	}
	if _, err := netip.ParseAddr(tok.Value); err == nil {
		return Address{}, wrong(tok.Value, "an IP address without a port", "add the port, as in "+tok.Value+":80")
	}
	port, err := parsePort(tok)
	return Address{Family: FamilyIPv6, IP: netip.IPv6Unspecified(), Bare: true, Port: port}, err
}

func ipv4Address(tree *address) (Address, *Error) {
	ip, err := parseIP(tree.Host, netip.Addr.Is4, "an IPv4 address like 127.0.0.1 before the port")
	if err != nil {
		return Address{}, err
	}
	port, err := parsePort(tree.Port)
	a := Address{Family: FamilyIPv4, IP: ip, Port: port}
	if tree.Scope != nil {
		a.Scope = tree.Scope.Name
	}
	return a, err
}

func ipv6Address(tree *ipv6Tail) (Address, *Error) {
	ip, err := parseIP(tree.IP, netip.Addr.Is6, "an IPv6 address like ::1 between the brackets")
	if err != nil {
		return Address{}, err
	}
	port, err := parsePort(tree.Port)
	a := Address{Family: FamilyIPv6, IP: ip, Port: port}
	for _, s := range []*scope{tree.Inside, tree.After} {
		if s != nil {
			a.Scope = s.Name
		}
	}
	return a, err
}

func vsockAddress(tree *vsockTail) (Address, *Error) {
	a := Address{Family: FamilyVsock, CID: VsockAny}
	if tok := tree.CID; tok.Value != "" {
		n, err := ParseUint(tok.Value)
		if err != nil || n > uint64(VsockAny) {
			return Address{}, inToken(tok, "expected the number of a context, not "+quoted(tok.Value), addressHint)
		}
		a.CID = uint32(n)
	}
	n, err := ParseUint(tree.Port.Value)
	if err != nil || n >= 1<<32 {
		return Address{}, inToken(tree.Port, "expected a port, not "+quoted(tree.Port.Value), addressHint)
	}
	a.Port = uint32(n)
	return a, nil
}

func parseIP(tok lexer.Token, is func(netip.Addr) bool, expected string) (netip.Addr, *Error) {
	ip, err := netip.ParseAddr(tok.Value)
	if err != nil || !is(ip) {
		return ip, inToken(tok, "expected "+expected+", not "+quoted(tok.Value), addressHint)
	}
	return ip, nil
}

func parsePort(tok lexer.Token) (uint32, *Error) {
	n, err := ParseUint(tok.Value)
	if err != nil || n < 1 || n > 65535 {
		return 0, inToken(tok, "expected a port from 1 to 65535, not "+quoted(tok.Value), "")
	}
	return uint32(n), nil
}

// inToken is an error about tok.
func inToken(tok lexer.Token, msg, hint string) *Error {
	return &Error{tok.Pos.Offset, tok.Pos.Offset + len(tok.Value), msg, hint}
}

// netlinkFamilies are the names that systemd has for linux/netlink.h.
var netlinkFamilies = map[string]int{
	"route": 0, "firewall": 3, "inet-diag": 4, "nflog": 5, "xfrm": 6, "selinux": 7, "iscsi": 8,
	"audit": 9, "fib-lookup": 10, "connector": 11, "netfilter": 12, "ip6-fw": 13, "dnrtmsg": 14,
	"kobject-uevent": 15, "generic": 16, "scsitransport": 18, "ecryptfs": 19, "rdma": 20,
}

// ParseNetlink reads the value of ListenNetlink=: a family, and a multicast
// group when it is wanted. Two words need no grammar.
func ParseNetlink(s string) (Address, *Error) {
	const hint = "write a family and a group, as in \"kobject-uevent 1\""
	words := ParseList(s)
	if len(words) == 0 || len(words) > 2 {
		return Address{}, wrong(s, "expected a netlink family and a group", hint)
	}
	a := Address{Family: FamilyNetlink}
	family, ok := netlinkFamilies[words[0].Text]
	if !ok {
		n, err := ParseUint(words[0].Text)
		if err != nil || n > 1<<31-1 {
			return Address{}, &Error{words[0].Offset, words[0].End, "unknown netlink family " + quoted(words[0].Text), hint}
		}
		family = int(n)
	}
	a.Protocol = family
	if len(words) == 2 {
		n, err := ParseUint(words[1].Text)
		if err != nil || n >= 1<<32 {
			return Address{}, &Error{words[1].Offset, words[1].End, "expected the number of a group, not " + quoted(words[1].Text), hint}
		}
		a.Groups = uint32(n)
	}
	return a, nil
}
