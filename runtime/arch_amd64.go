package runtime

const (
	sysGetrandom = 318
	sysStatx     = 332
)
