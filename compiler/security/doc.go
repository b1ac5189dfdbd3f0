// Package security rates how much of the machine a service can reach: the rows,
// weights and numbers of systemd-analyze(1), "security".
//
// It reads a [rustysd/compiler.Confinement] and yields a [Rating]: a row for
// each thing that a unit can give up, with its share of the whole, and the
// exposure, from 0.0 to 10.0. Look first at [Rate] and at the table in rows.go.
//
// What is rated is what the image does and not what the file asks for. A
// directive that the compiler knows and the image does not act on counts as if
// it were not there, and its row says so. Such rows apart, the numbers are
// systemd 252's.
package security
