package compiler

import (
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// credentials makes the decoder of LoadCredential=, SetCredential= and
// ImportCredential=; parse fills in what stands behind the name.
func credentials(kind credentialKind) decodeFunc {
	return func(x *reading) {
		list := &x.u.exec().credentials[kind]
		if x.text == "" {
			*list = nil
			return
		}
		id, rest, found := strings.Cut(x.text, ":")
		id, ok := x.expandPath(id)
		if !ok {
			return
		}
		c := plan.Credential{ID: id, Origin: place(x.set.pos)}
		var err *grammar.Error
		switch {
		case kind == credentialSet && !found:
			err = wrong(x.text, "expected a name and what it holds", "write NAME:TEXT")
		case kind == credentialSet:
			c.Data, err = grammar.UnescapeText(rest) // in which there are no specifiers
		case kind == credentialImport:
			c.Import, c.Source = true, id
			if c.Rename, ok = x.expandPath(rest); rest != "" {
				c.ID += ":" + c.Rename // one pattern may be imported under several names
			}
		default:
			c.Source, err = credentialSource(x, id, rest)
		}
		if !ok {
			return
		}
		if err == nil && c.Import && rest != "" && !credentialName(asWritten(c.Rename)) {
			err = wrong(x.text, "\""+c.Rename+"\" cannot be the name of a credential, or its beginning", "write PATTERN:NAME")
		} else if err == nil && c.Import && !credentialPattern(asWritten(id)) {
			err = wrong(x.text, "\""+id+"\" is neither the name of a credential nor the beginning of one and \"*\"", "write NAME, or PREFIX*")
		} else if err == nil && !c.Import && !credentialName(asWritten(id)) {
			err = wrong(x.text, "\""+id+"\" cannot be the name of a credential", "use a name that a file can have, of ASCII characters, without a colon")
		}
		if err != nil {
			x.bad(err, 0)
			return
		}
		*list = append(*list, item[plan.Credential]{c, x.set.pos})
	}
}

// credentialKind is one of the directives.
type credentialKind uint8

const (
	credentialLoad credentialKind = iota
	credentialImport
	credentialSet
	numCredentialKinds
)

// credentialName says whether a file of that name can be a credential.
func credentialName(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '/' || s[i] == ':' {
			return false
		}
	}
	return s != "" && s != "." && s != ".." && len(s) < 256
}

// credentialPattern says whether s names credentials to import: one, or with a
// "*" at the end those that begin like that (systemd.exec(5),
// "ImportCredential=").
func credentialPattern(s string) bool {
	start, all := strings.CutSuffix(s, "*")
	return all && start == "" || credentialName(start) && !strings.ContainsAny(start, "*?[]")
}

// credentialSource is a path, or a name in the folders of the system; without
// one it is the credential's own.
func credentialSource(x *reading, id, rest string) (string, *grammar.Error) {
	if rest == "" {
		return id, nil
	}
	source, ok := x.expandPath(rest)
	switch {
	case !ok:
		return "", errReported
	case strings.HasPrefix(source, "/"):
		return absolutePath(x.text, source)
	case !credentialName(asWritten(source)):
		return "", wrong(x.text, "\""+source+"\" is neither an absolute path nor the name of a credential", "write NAME:/PATH or NAME:NAME")
	}
	return source, nil
}

// lowerCredentials puts a unit's credentials in the order in which they are
// tried: a text is for when nothing was loaded under its name.
func (b *execBuilder) lowerCredentials() {
	e := b.e
	at := map[string]int{}
	for _, kind := range [...]credentialKind{credentialLoad, credentialImport, credentialSet} {
		for _, c := range e.credentials[kind] {
			key := c.v.ID + "\x00" + string(rune('0'+kind))
			if n, ok := at[key]; ok { // the last one of a name counts
				b.out.Credentials[n] = c.v
				continue
			}
			at[key] = len(b.out.Credentials)
			b.out.Credentials = append(b.out.Credentials, c.v)
			b.origin(plan.StepCredentials, c.at)
		}
	}
	for n := range b.out.Credentials {
		c := &b.out.Credentials[n]
		_, c.HasDefault = at[c.ID+"\x00"+string(rune('0'+credentialSet))]
		c.HasDefault = c.HasDefault && c.Source != ""
	}
	if len(b.out.Credentials) > 0 {
		b.out.CredentialsUID = b.login.uid
		b.out.Env = append(b.out.Env, "CREDENTIALS_DIRECTORY=/run/credentials/"+b.u.name)
	}
}

// noKey is why encrypted credentials are refused.
const noKey = "nothing in an image has the key to decrypt them; hand the plain text over by LoadCredential="
