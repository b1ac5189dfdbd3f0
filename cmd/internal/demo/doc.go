// Package demo is the demo's two programs: a service that is handed sockets,
// and a client that writes to each of them.
//
// It shows what an unaltered daemon sees of the init, so it speaks the
// protocols themselves: sd_listen_fds(3) through $LISTEN_FDS, $LISTEN_PID and
// $LISTEN_FDNAMES, and sd_notify(3) through $NOTIFY_SOCKET. Look first at
// [Service] and [Client]. It imports no more of the standard library than
// syscall, because the demo's image shall be small: os alone would add a tenth
// to it, net and fmt a half.
package demo
