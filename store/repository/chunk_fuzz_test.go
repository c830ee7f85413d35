package repository

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"io"
	"testing"
)

// FuzzChunk: whatever a chunk holds, no more comes out of it than its metadata promises,
// and one byte.
func FuzzChunk(f *testing.F) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(make([]byte, 1<<16))
	z.Close()
	f.Add(packed.Bytes(), "zlib", int64(10))
	f.Add([]byte("BZh91AY&SY"), "bz2", int64(1<<40))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x00, 0x01, 0x00, 0x00}, "zstd", int64(0))
	f.Add([]byte("plain"), "none", int64(3))
	f.Fuzz(func(t *testing.T, data []byte, compression string, length int64) {
		if length < 0 || length > 1<<20 {
			length = 1 << 20
		}
		j := &chunkJob{entry: &entry{}}
		j.entry.length, j.entry.compression = length, compression
		n, err := j.decompress(bufio.NewReader(bytes.NewReader(data)), io.Discard)
		if n > length+1 {
			t.Errorf("%d bytes come out of a chunk of %d (%v)", n, length, err)
		}
	})
}
