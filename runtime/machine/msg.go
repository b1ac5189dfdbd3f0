package machine

// Msg is something to tell the person who reads the log, or a client.
type Msg uint8
