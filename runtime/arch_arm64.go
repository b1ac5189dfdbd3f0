package runtime

const sysGetrandom = 278
