package report

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
)

// An init carries its own plan behind its last byte: the JSON, compressed, then
// its length and a magic word. Nothing of it is loaded, for no segment of the
// ELF file covers it; it costs bytes of the file and no memory. strip(1) takes it
// off.
const (
	trailerMagic = "rustysd-plan-1\n\x00"
	trailerTail  = 8 + len(trailerMagic)
	// maxTrailer bounds what is decompressed out of a file from a stranger.
	maxTrailer = 256 << 20
)

// ErrNoTrailer says that a file carries no plan.
var ErrNoTrailer = errors.New("it carries no plan")

// Trailer is what to append to an init.
func Trailer(d *Document) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic("BUG: " + err.Error()) // the level is a constant
	}
	// A buffer takes all that is written to it.
	_, _ = w.Write(d.JSON())
	_ = w.Close()
	out := binary.LittleEndian.AppendUint64(b.Bytes(), uint64(b.Len()))
	return append(out, trailerMagic...)
}

// ReadTrailer finds the plan in an init of that size.
func ReadTrailer(r io.ReaderAt, size int64) (*Document, error) {
	tail := make([]byte, trailerTail)
	if size < int64(trailerTail) {
		return nil, ErrNoTrailer
	}
	if _, err := r.ReadAt(tail, size-int64(trailerTail)); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(tail)
	if string(tail[8:]) != trailerMagic || length > uint64(size-int64(trailerTail)) {
		return nil, ErrNoTrailer
	}
	packed := io.NewSectionReader(r, size-int64(trailerTail)-int64(length), int64(length))
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(packed), maxTrailer))
	if err != nil {
		return nil, err
	}
	return ParseDocument(text)
}
