#include "textflag.h"

// The signal is in DI, its siginfo in SI. Its si_code, at 8, is above zero for
// what the kernel itself raised; no sender can choose such a one, nor the number
// of another sender, at 16 (rt_sigqueueinfo(2)). All ways on are jumps, so that
// what comes there finds all as the kernel left it.
TEXT ·signalGuard(SB), NOSPLIT|NOFRAME, $0
	MOVL	8(SI), AX
	TESTL	AX, AX
	JGT	fault
	MOVQ	·lastWill(SB), CX
	TESTQ	CX, CX
	JEQ	sent
	MOVL	16(SI), AX
	CMPL	AX, (CX)
	JEQ	own
sent:
	JMP	·signalHandler(SB)
own:
	JMP	·executeWill(SB)
fault:
	MOVL	DI, CX
	LEAQ	·goHandlers(SB), AX
	MOVQ	(AX)(CX*8), AX
	JMP	AX

// The will (will.go) is in CX. The thread that execve(2) is called from keeps
// its descriptors: they are the loop's, which is the process's first one. When
// there are no more processes to be had, all others of the namespace stop, so that
// none takes the place of a thread that the next program needs to begin; that lets
// them go on. The signals
// that the loop has not taken yet, and one that asks for the stop if that is under
// way, go into the environment.
TEXT ·executeWill(SB), NOSPLIT|NOFRAME, $0
	MOVQ	CX, R12
	MOVQ	$186, AX // gettid
	SYSCALL
	CMPQ	AX, (R12)
	JEQ	first
	MOVQ	(R12), DI
	MOVQ	(R12), SI
	MOVQ	$6, DX // SIGABRT
	MOVQ	$234, AX // tgkill
	SYSCALL
wait:
	MOVQ	$34, AX // pause
	SYSCALL
	JMP	wait
first:
	MOVQ	$3, R13
next:
	MOVQ	R13, DI
	MOVQ	$2, SI // F_SETFD
	MOVQ	$0, DX
	MOVQ	$72, AX // fcntl
	SYSCALL
	INCQ	R13
	CMPQ	R13, $65536
	JLT	next
	MOVQ	$0, DI // SIG_BLOCK
	LEAQ	48(R12), SI
	MOVQ	$0, DX
	MOVQ	$8, R10
	MOVQ	$14, AX // rt_sigprocmask
	SYSCALL
	MOVQ	·pendingSignals(SB), R14
	ORQ	56(R12), R14
	MOVQ	$0, R13
	MOVQ	64(R12), DI
again:
	BTQ	R13, R14
	JCC	clear
	MOVB	$49, (DI)(R13*1) // "1"
clear:
	INCQ	R13
	CMPQ	R13, $64
	JLT	again
	CMPQ	(R12), $1
	JNE	try
	MOVQ	$17, DI // SIGCHLD
	MOVQ	$0, SI
	MOVQ	$0, DX
	MOVQ	$0, R10
	MOVQ	$0, R8
	MOVQ	$56, AX // clone, as fork(2)
	SYSCALL
	TESTQ	AX, AX
	JGT	try
	JEQ	child
	MOVQ	$-1, DI
	MOVQ	$19, SI // SIGSTOP
	MOVQ	$62, AX // kill
	SYSCALL
	// Who is within fork(2) gets its answer before there is a place.
	LEAQ	32(R12), DI
	MOVQ	$0, SI
	MOVQ	$35, AX // nanosleep
	SYSCALL
try:
	MOVQ	8(R12), DI
	MOVQ	16(R12), SI
	MOVQ	24(R12), DX
	MOVQ	$59, AX // execve
	SYSCALL
	// There is no memory for it. Process 1 reaps, and tries again.
	CMPQ	(R12), $1
	JNE	end
	MOVQ	$-1, DI
	MOVQ	$18, SI // SIGCONT
	MOVQ	$62, AX // kill
	SYSCALL
reap:
	MOVQ	$-1, DI
	MOVQ	$0, SI
	MOVQ	$1, DX // WNOHANG
	MOVQ	$0, R10
	MOVQ	$61, AX // wait4
	SYSCALL
	TESTQ	AX, AX
	JGT	reap
	LEAQ	32(R12), DI
	MOVQ	$0, SI
	MOVQ	$35, AX // nanosleep
	SYSCALL
	JMP	try
child:
	MOVQ	$0, DI
	MOVQ	$231, AX // exit_group
	SYSCALL
end:
	MOVQ	$2, DI
	MOVQ	$231, AX // exit_group
	SYSCALL
	INT	$3

TEXT ·guardAddress(SB), NOSPLIT, $0-8
	LEAQ	·signalGuard(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
