package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// loadBatch is one request: its body, and where its items stand in the file.
type loadBatch struct {
	number int
	body   []byte
	// rows are the line (NDJSON), the row (tables) or the number (JSON) of each item, from 1.
	rows []int64
	// heading is how many rows of a table stand in the body before the first item.
	heading int
	read    int64 // bytes of the file read when the batch was complete
}

// loadItems reads a file item by item.
//
// next appends the next item to body and returns its row; io.EOF after the last. begin
// appends what every body starts with and says how many rows that is; end what it ends with.
type loadItems interface {
	begin(body []byte) ([]byte, int, error)
	next(body []byte) ([]byte, int64, error)
	end(body []byte) []byte
}

var (
	errLoadItem = errors.New("item too large")
	errLoadFile = errors.New("not the file that was expected")
)

// loadFile is an open file on its way through counting and unpacking.
type loadFile struct {
	io.Reader
	closers []func() error
	size    int64 // -1: not known
	read    atomic.Int64
}

// loadCount counts the bytes taken from the file itself.
type loadCount struct {
	in   io.Reader
	read *atomic.Int64
}

func (c loadCount) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// openLoad opens FILE, or takes stdin for -.
func openLoad(c *loadConfig, stdin io.Reader) (*loadFile, error) {
	f := &loadFile{size: -1}
	in := stdin
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return nil, fmt.Errorf("cannot read the file: %w", err)
		}
		f.closers = append(f.closers, file.Close)
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			f.size = info.Size()
		}
		in = file
	}
	f.Reader = loadCount{in, &f.read}
	switch c.Packed {
	case "gzip":
		unpacked, err := gzip.NewReader(bufio.NewReaderSize(f.Reader, 256<<10))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot unpack the file: %w", err), f.close())
		}
		f.Reader = unpacked
	case "zstd":
		unpacked, err := zstd.NewReader(f.Reader, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(loadZstdWindowMax))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot unpack the file: %w", err), f.close())
		}
		f.closers = append(f.closers, func() error { unpacked.Close(); return nil })
		f.Reader = unpacked
	}
	return f, nil
}

func (f *loadFile) close() (err error) {
	for i := len(f.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, f.closers[i]())
	}
	f.closers = nil
	return err
}

// items fits the file's format.
func (f *loadFile) items(c *loadConfig) (loadItems, error) {
	switch c.Format {
	case "ndjson":
		return newLoadLines(f), nil
	case "json":
		return newLoadJSON(f, c.Kind == "round")
	case "csv":
		return newLoadCSV(f, c.Charset, c.Kind == "roster")
	}
	return newLoadXLSX(f, loadKinds[c.kind()].key)
}

// readBatches cuts the file and gives the batches away until give says no.
func readBatches(c *loadConfig, f *loadFile, give func(loadBatch) bool) error {
	items, err := f.items(c)
	if err != nil {
		return err
	}
	if closer, ok := items.(io.Closer); ok {
		defer closer.Close()
	}
	size := 256 // a body is made as large as the one before it was
	for number := 0; ; number++ {
		b := loadBatch{number: number, body: make([]byte, 0, size+size/8), rows: make([]int64, 0, min(c.Batch, 10_000))}
		if b.body, b.heading, err = items.begin(b.body); err != nil {
			return err
		}
		for len(b.rows) < c.Batch && len(b.body) < loadBatchBytesMax {
			var row int64
			if b.body, row, err = items.next(b.body); err != nil {
				break
			}
			b.rows = append(b.rows, row)
		}
		if err != nil && err != io.EOF && len(b.rows) == 0 {
			return err
		}
		b.body = items.end(b.body)
		size = len(b.body)
		b.read = f.read.Load()
		if len(b.rows) > 0 && !give(b) {
			return nil
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil: // what was read before it is on its way
			return err
		}
	}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// loadReader reads lines of any length up to the bound.
type loadReader struct {
	in *bufio.Reader
}

func newLoadReader(in io.Reader) loadReader {
	r := loadReader{bufio.NewReaderSize(in, 1<<20)}
	if mark, err := r.in.Peek(len(byteOrderMark)); err == nil && bytes.Equal(mark, byteOrderMark) {
		_, _ = r.in.Discard(len(byteOrderMark))
	}
	return r
}

// line appends the next line with its end, if it has one.
func (r loadReader) line(dst []byte) ([]byte, error) {
	from := len(dst)
	for {
		part, err := r.in.ReadSlice('\n')
		if len(dst)-from+len(part) > loadBatchBytesMax {
			return dst[:from], errLoadItem
		}
		dst = append(dst, part...)
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(dst) > from:
			return dst, nil
		}
		return dst, err
	}
}

// loadLines is NDJSON: an item a line, blank lines are none.
type loadLines struct {
	in  loadReader
	row int64
}

func newLoadLines(in io.Reader) *loadLines { return &loadLines{in: newLoadReader(in)} }

func (l *loadLines) begin(body []byte) ([]byte, int, error) { return body, 0, nil }
func (l *loadLines) end(body []byte) []byte                 { return body }

func (l *loadLines) next(body []byte) ([]byte, int64, error) {
	from := len(body)
	for {
		var err error
		l.row++
		if body, err = l.in.line(body[:from]); err != nil {
			if err != io.EOF {
				err = fmt.Errorf("cannot read line %d: %w", l.row, err)
			}
			return body[:from], 0, err
		}
		if len(bytes.TrimSpace(body[from:])) == 0 {
			continue
		}
		if body[len(body)-1] != '\n' {
			body = append(body, '\n')
		}
		return body, l.row, nil
	}
}

// loadJSON is an array of items, or one, or several one after another.
type loadJSON struct {
	decoder *json.Decoder
	bound   *loadBound
	array   bool
	one     bool // exactly one item, not in an array
	row     int64
}

// loadBound ends a reader that gave more bytes for one item than there may be.
type loadBound struct {
	in   io.Reader
	left int
}

func (b *loadBound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLoadItem
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func newLoadJSON(in io.Reader, one bool) (*loadJSON, error) {
	r := newLoadReader(in)
	j := &loadJSON{one: one}
	for {
		c, err := r.in.ReadByte()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the file: %w", err)
		}
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			continue
		}
		_ = r.in.UnreadByte()
		j.array = c == '[' && !one
		break
	}
	j.bound = &loadBound{r.in, 2 * loadBatchBytesMax}
	j.decoder = json.NewDecoder(j.bound)
	if j.array {
		if _, err := j.decoder.Token(); err != nil {
			return nil, fmt.Errorf("cannot read the file: %w", err)
		}
	}
	return j, nil
}

func (j *loadJSON) begin(body []byte) ([]byte, int, error) {
	if j.one {
		return body, 0, nil
	}
	return append(body, '['), 0, nil
}

func (j *loadJSON) end(body []byte) []byte {
	if j.one {
		return body
	}
	if n := len(body); body[n-1] == ',' {
		body = body[:n-1]
	}
	return append(body, ']')
}

func (j *loadJSON) next(body []byte) ([]byte, int64, error) {
	if j.array && !j.decoder.More() {
		if _, err := j.decoder.Token(); err != nil {
			return body, 0, fmt.Errorf("cannot read item %d: got no end of the array: %w", j.row+1, errors.Join(err, errLoadFile))
		}
		j.array = false // what follows has to be blank, or items one by one
	}
	j.bound.left = 2 * loadBatchBytesMax // the decoder reads ahead by as much as it holds
	var item json.RawMessage
	if err := j.decoder.Decode(&item); err != nil {
		if err == io.EOF && j.one && j.row == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != io.EOF {
			err = fmt.Errorf("cannot read item %d: %w", j.row+1, loadJSONError(err))
		}
		return body, 0, err
	}
	j.row++
	if len(item) > loadBatchBytesMax {
		return body, 0, fmt.Errorf("cannot read item %d: %w", j.row, errLoadItem)
	}
	if j.one && (item[0] != '{' || j.decoder.More()) {
		return body, 0, fmt.Errorf("cannot read the round: got more than one JSON object, or none: %w", errLoadFile)
	}
	body = append(body, item...)
	if !j.one {
		body = append(body, ',')
	}
	return body, j.row, nil
}

// loadJSONError is what may be said of a syntax error: the place, and nothing of the text.
func loadJSONError(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("got no JSON at byte %d: %w", syntax.Offset, errLoadFile)
	}
	return err
}
