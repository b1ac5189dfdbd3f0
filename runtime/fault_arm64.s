#include "textflag.h"

// The signal is in R0, its siginfo in R1. Its si_code, at 8, is above zero for
// what the kernel itself raised; no sender can choose such a one, nor the number
// of another sender, at 16 (rt_sigqueueinfo(2)). All ways on are jumps, so that
// what comes there finds all as the kernel left it.
TEXT ·signalGuard(SB), NOSPLIT|NOFRAME, $0
	MOVW	8(R1), R3
	CMPW	$0, R3
	BGT	fault
	MOVD	·lastWill(SB), R4
	CBZ	R4, sent
	MOVW	16(R1), R3
	MOVW	(R4), R5
	CMPW	R5, R3
	BEQ	own
sent:
	B	·signalHandler(SB)
own:
	B	·executeWill(SB)
fault:
	MOVD	$·goHandlers(SB), R3
	MOVD	(R3)(R0<<3), R3
	JMP	(R3)

// The will (will.go) is in R4. The thread that execve(2) is called from keeps
// its descriptors: they are the loop's, which is the process's first one. When
// there are no more processes to be had, all others of the namespace stop, so that
// none takes the place of a thread that the next program needs to begin; that lets
// them go on. The signals
// that the loop has not taken yet, and one that asks for the stop if that is under
// way, go into the environment.
TEXT ·executeWill(SB), NOSPLIT|NOFRAME, $0
	MOVD	R4, R20
	MOVD	$178, R8 // gettid
	SVC
	MOVD	(R20), R5
	CMP	R5, R0
	BEQ	first
	MOVD	R5, R0
	MOVD	R5, R1
	MOVD	$6, R2 // SIGABRT
	MOVD	$131, R8 // tgkill
	SVC
wait:
	MOVD	ZR, R0
	MOVD	ZR, R1
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	$73, R8 // ppoll
	SVC
	B	wait
first:
	MOVD	$3, R21
next:
	MOVD	R21, R0
	MOVD	$2, R1 // F_SETFD
	MOVD	ZR, R2
	MOVD	$25, R8 // fcntl
	SVC
	ADD	$1, R21
	CMP	$65536, R21
	BLT	next
	MOVD	ZR, R0 // SIG_BLOCK
	ADD	$48, R20, R1
	MOVD	ZR, R2
	MOVD	$8, R3
	MOVD	$135, R8 // rt_sigprocmask
	SVC
	MOVD	·pendingSignals(SB), R22
	MOVD	56(R20), R5
	ORR	R5, R22
	MOVD	64(R20), R6
	MOVD	$49, R7 // "1"
	MOVD	ZR, R21
again:
	LSR	R21, R22, R5
	TBZ	$0, R5, clear
	MOVB	R7, (R6)(R21)
clear:
	ADD	$1, R21
	CMP	$64, R21
	BLT	again
	MOVD	(R20), R5
	CMP	$1, R5
	BNE	try
	MOVD	$17, R0 // SIGCHLD
	MOVD	ZR, R1
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	ZR, R4
	MOVD	$220, R8 // clone, as fork(2)
	SVC
	CMP	$0, R0
	BGT	try
	BEQ	child
	MOVD	$-1, R0
	MOVD	$19, R1 // SIGSTOP
	MOVD	$129, R8 // kill
	SVC
	// Who is within fork(2) gets its answer before there is a place.
	ADD	$32, R20, R0
	MOVD	ZR, R1
	MOVD	$101, R8 // nanosleep
	SVC
try:
	MOVD	8(R20), R0
	MOVD	16(R20), R1
	MOVD	24(R20), R2
	MOVD	$221, R8 // execve
	SVC
	// There is no memory for it. Process 1 reaps, and tries again.
	MOVD	(R20), R5
	CMP	$1, R5
	BNE	end
	MOVD	$-1, R0
	MOVD	$18, R1 // SIGCONT
	MOVD	$129, R8 // kill
	SVC
reap:
	MOVD	$-1, R0
	MOVD	ZR, R1
	MOVD	$1, R2 // WNOHANG
	MOVD	ZR, R3
	MOVD	$260, R8 // wait4
	SVC
	CMP	$0, R0
	BGT	reap
	ADD	$32, R20, R0
	MOVD	ZR, R1
	MOVD	$101, R8 // nanosleep
	SVC
	B	try
child:
	MOVD	ZR, R0
	MOVD	$94, R8 // exit_group
	SVC
end:
	MOVD	$2, R0
	MOVD	$94, R8 // exit_group
	SVC
	BRK

TEXT ·guardAddress(SB), NOSPLIT, $0-8
	MOVD	$·signalGuard(SB), R0
	MOVD	R0, ret+0(FP)
	RET
