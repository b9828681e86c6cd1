package api

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// watchedConn is a connection with what fasthttp does not tell of it.
//
// A chunked body that breaks off between two chunks reads, through fasthttp, exactly
// like one that is complete; but only for the broken one has the connection come to
// its end. And a connection closed while its peer still sends is reset, which takes
// back the answer that was on its way: most clients send a whole body before they
// look for an answer, and would never learn that theirs is too large.
//
// All of it belongs to the connection's goroutine; only Close also comes from elsewhere.
type watchedConn struct {
	net.Conn
	closedByPeer bool
	bodyRead     bool        // the request's body has been read to its end
	linger       atomic.Bool // Close waits until the peer has stopped sending
	lingerTime   time.Duration
	lent         *[]byte // memory of the answer under way, of largeAnswers
}

// Read also ends the loan of the answer before: fasthttp reads on only when that is written.
func (c *watchedConn) Read(p []byte) (int, error) {
	if c.lent != nil {
		largeAnswers.Put(c.lent)
		c.lent = nil
	}
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.closedByPeer = true
	}
	return n, err
}

// Close drops what the peer still sends, for a time, if it was told to linger.
func (c *watchedConn) Close() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.linger.Load() && !c.closedByPeer {
		if tcp.CloseWrite() == nil && tcp.SetReadDeadline(time.Now().Add(c.lingerTime)) == nil {
			_, _ = io.Copy(io.Discard, tcp)
		}
	}
	return c.Conn.Close()
}

// watchedListener makes watched connections.
type watchedListener struct {
	net.Listener
	lingerTime time.Duration
}

func (l watchedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchedConn{Conn: c, lingerTime: l.lingerTime}, nil
}

// watched is the request's connection.
func watched(ctx *fasthttp.RequestCtx) *watchedConn {
	c, _ := ctx.Conn().(*watchedConn)
	if c == nil {
		c = &watchedConn{} // a request without a connection, in tests
	}
	return c
}

// endUnread ends the connection of a request that was refused ahead of its body, unless
// the body is short: that one fasthttp reads and drops, and keeps the connection.
func endUnread(ctx *fasthttp.RequestCtx) {
	c := watched(ctx)
	n := ctx.Request.Header.ContentLength()
	if ctx.RequestBodyStream() == nil || c.bodyRead || 0 <= n && n <= unreadBytesMax {
		return
	}
	ctx.SetConnectionClose()
	c.linger.Store(true)
}

// A proxy in front of the server may read a header in another way than fasthttp does, which
// takes lines that end without CR, lines that go on in the next, and
// "Transfer-Encoding: identity" (and then for a body what is the next request's). Whoever can
// make the two disagree about where a request ends sends one in another's name. Hence all of
// that is refused, and the connection is closed.

// wellFramed tells whether everybody on the way reads these lines of a header alike.
func wellFramed(lines []byte) bool {
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n')
		if end < 1 || lines[end-1] != '\r' {
			return false
		}
		line := lines[:end-1]
		lines = lines[end+1:]
		if len(line) == 0 {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			return false
		}
		if n := len(transferEncoding); len(line) > n && line[n] == ':' && bytes.EqualFold(line[:n], transferEncoding) &&
			!bytes.EqualFold(bytes.TrimSpace(line[n+1:]), chunkedCoding) {
			return false
		}
	}
	return true
}

var (
	transferEncoding = []byte("Transfer-Encoding")
	chunkedCoding    = []byte("chunked")
)

// plainPath tells whether a path is written as it is meant: no dots, no slash too many or
// encoded, which a proxy that guards paths may read in another way.
func plainPath(uri *fasthttp.URI) bool {
	original := uri.PathOriginal()
	return len(original) == 0 || bytes.Count(original, slash) == bytes.Count(uri.Path(), slash)
}

var slash = []byte("/")
