package api

import (
	"io"
	"net"
)

// watchedConn remembers that its peer has closed. A chunked body that breaks off
// between two chunks reads, through fasthttp, exactly like one that is complete; but
// only for the broken one has the connection come to its end.
type watchedConn struct {
	net.Conn
	closedByPeer bool // the connection's goroutine only
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.closedByPeer = true
	}
	return n, err
}

// watchedListener makes watched connections.
type watchedListener struct{ net.Listener }

func (l watchedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchedConn{Conn: c}, nil
}

// brokenOff tells whether a body of unknown length ended with its connection.
func brokenOff(c net.Conn) bool {
	watched, ok := c.(*watchedConn)
	return ok && watched.closedByPeer
}
