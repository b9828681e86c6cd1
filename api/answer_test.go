package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"
)

func TestLargeAnswersLeaveNoMemory(t *testing.T) {
	// Ensures that a connection keeps the memory of an ordinary answer, and not that of
	// a large one.
	var ctx fasthttp.RequestCtx
	ctx.Response.KeepBodyBuffer = true
	for _, c := range []struct {
		bytes int
		kept  bool
	}{{1000, true}, {answerRetainedBytes, true}, {5 << 20, false}, {1000, true}} {
		answer(&ctx, typeJSON, append(answerMemory(&ctx), make([]byte, c.bytes)...))
		if got := len(ctx.Response.Body()); got != c.bytes {
			t.Errorf("got an answer of %d bytes; want %d", got, c.bytes)
		}
		ctx.Response.ResetBody()
		memory := answerMemory(&ctx)
		if kept := cap(memory) > 0; kept != c.kept || cap(memory) > answerRetainedBytes {
			t.Errorf("after %d bytes: got %d kept", c.bytes, cap(memory))
		}
		ctx.Response.SwapBody(memory)
	}
}

func TestListsAtOnce(t *testing.T) {
	// Ensures that lists written at the same time, their memory lent from one pool, never
	// show each other's lines: many connections, and two requests in one packet.
	h := open(t, nil).ready()
	ask := func(from int) (body, first, last string) {
		var b strings.Builder
		for i := from; i < from+5000; i++ {
			fmt.Fprintf(&b, `,"passport:USA:%09d"`, i)
		}
		return `{"people":[` + b.String()[1:] + `]}`, fmt.Sprintf(`{"person":"passport:USA:%09d"`, from), fmt.Sprintf(`{"person":"passport:USA:%09d"`, from+4999)
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			conn, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			answers := bufio.NewReader(conn)
			for k := range 3 {
				body, first, last := ask(g*100_000 + k*7)
				request := fmt.Sprintf("POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				go io.WriteString(conn, request+request)
				for range 2 {
					response, err := http.ReadResponse(answers, nil)
					if err != nil {
						t.Error(err)
						return
					}
					text, err := io.ReadAll(response.Body)
					lines := strings.Split(strings.TrimSpace(string(text)), "\n")
					if err != nil || len(lines) != 5000 || len(text) <= answerRetainedBytes || !strings.HasPrefix(lines[0], first) || !strings.HasPrefix(lines[4999], last) {
						t.Errorf("got %d lines, first %.40s, last %.40s, %v; want %s", len(lines), lines[0], lines[len(lines)-1], err, first)
						return
					}
				}
			}
		})
	}
	all.Wait()
}
