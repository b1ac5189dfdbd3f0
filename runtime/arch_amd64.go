package runtime

const sysGetrandom = 318
