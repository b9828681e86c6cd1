package loadtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// headRoom is kept free before a body, so that head and body leave in one write.
const headRoom = 256

// client is one keep-alive HTTP/1.1 connection. It knows just what the replay
// needs, and spends the generator's share of the machine on nothing else.
//
// One goroutine owns a client; an answer's body is valid until the next request.
type client struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	body []byte
	head []byte
}

// answer is what came back.
type answer struct {
	status     int
	body       []byte
	retryAfter time.Duration
	nextAfter  string
}

func newClient(addr string) *client {
	return &client{addr: addr, head: make([]byte, 0, headRoom)}
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// post sends a body that stands in buf from headRoom on; the room before it is overwritten.
func (c *client) post(path, contentType string, buf []byte) (answer, error) {
	return c.send("POST", path, contentType, buf)
}

func (c *client) send(method, path, contentType string, buf []byte) (answer, error) {
	h := append(append(c.head[:0], method...), ' ')
	h = append(h, path...)
	h = append(h, " HTTP/1.1\r\nHost: poolwise\r\nContent-Type: "...)
	h = append(h, contentType...)
	h = append(h, "\r\nContent-Length: "...)
	h = strconv.AppendInt(h, int64(len(buf)-headRoom), 10)
	h = append(h, "\r\n\r\n"...)
	if len(h) > headRoom {
		return answer{}, fmt.Errorf("cannot send a request: got a head of %d bytes; want at most %d", len(h), headRoom)
	}
	start := headRoom - len(h)
	copy(buf[start:], h)
	return c.exchange(buf[start:])
}

func (c *client) get(path string) (answer, error) {
	h := append(c.head[:0], "GET "...)
	h = append(h, path...)
	h = append(h, " HTTP/1.1\r\nHost: poolwise\r\n\r\n"...)
	c.head = h
	return c.exchange(h)
}

// exchange writes a request and reads its answer; any error closes the connection.
func (c *client) exchange(request []byte) (a answer, err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.conn == nil {
		if c.conn, err = net.DialTimeout("tcp", c.addr, requestTimeout); err != nil {
			return a, err
		}
		c.in = bufio.NewReaderSize(c.conn, 64<<10)
	}
	if err = c.conn.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		return a, err
	}
	if _, err = c.conn.Write(request); err != nil {
		return a, err
	}
	return c.read()
}

var (
	errNotHTTP    = errors.New("cannot read the answer: got something other than HTTP/1.x")
	errAnswerSize = errors.New("cannot read the answer: got more than the generator holds")
)

func (c *client) read() (a answer, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return a, errNotHTTP
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, errNotHTTP
	}
	length, chunked, closing := -1, false, false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return a, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			return a, errNotHTTP
		}
		key, value := line[:colon], bytes.TrimSpace(line[colon+1:])
		switch {
		case equalFold(key, "content-length"):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return a, errNotHTTP
			}
		case equalFold(key, "transfer-encoding"):
			chunked = equalFold(value, "chunked")
		case equalFold(key, "connection"):
			closing = equalFold(value, "close")
		case equalFold(key, "retry-after"):
			if s, err := strconv.ParseFloat(string(value), 64); err == nil && s >= 0 && s < 3600 {
				a.retryAfter = time.Duration(s * float64(time.Second))
			}
		case equalFold(key, "x-next-after"):
			a.nextAfter = string(value)
		}
	}
	if err = c.readBody(length, chunked); err != nil {
		return a, err
	}
	if closing {
		c.close()
	}
	a.body = c.body
	return a, nil
}

func equalFold(b []byte, lower string) bool {
	return len(b) == len(lower) && bytes.EqualFold(b, []byte(lower))
}

func (c *client) readBody(length int, chunked bool) error {
	c.body = c.body[:0]
	if !chunked {
		if length < 0 {
			return errNotHTTP // neither length nor chunks: the end could not be told from a broken connection
		}
		return c.readMore(length)
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line, _, _ = bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(";"))
		n, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return errNotHTTP
		}
		if err := c.readMore(int(n)); err != nil {
			return err
		}
		if _, err := c.in.Discard(2); err != nil { // the chunk's CRLF; servers here send no trailers
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

func (c *client) readMore(n int) error {
	have := len(c.body)
	if n > answerBytesMax-have {
		return errAnswerSize
	}
	if cap(c.body) < have+n {
		grown := make([]byte, have, max(have+n, 2*cap(c.body)))
		copy(grown, c.body)
		c.body = grown
	}
	c.body = c.body[:have+n]
	_, err := io.ReadFull(c.in, c.body[have:])
	return err
}
