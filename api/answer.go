package api

import (
	"sync"

	"github.com/valyala/fasthttp"
)

// Where answers are written: an ordinary one into memory that stays with its connection,
// so that a status costs no allocation; a list, which may be megabytes, into memory that
// is lent to the connection until it is written. Else each connection would keep the
// memory of the largest list it ever asked for.

// largeAnswers is memory of lists that are written.
var largeAnswers = sync.Pool{New: func() any { return new([]byte) }}

// answerMemory is the connection's own, empty.
func answerMemory(ctx *fasthttp.RequestCtx) []byte { return ctx.Response.SwapBody(nil)[:0] }

// listMemory is memory for a list, empty. REQUIRES: what becomes of it goes to answer.
func listMemory() []byte {
	lent := largeAnswers.Get().(*[]byte)
	return (*lent)[:0]
}

// answer sends what was written into answerMemory or listMemory.
func answer(ctx *fasthttp.RequestCtx, contentType string, body []byte) {
	ctx.Response.Header.SetContentType(contentType)
	if cap(body) <= answerRetainedBytes {
		ctx.Response.SwapBody(body)
		return
	}
	ctx.Response.SetBodyRaw(body)
	watched(ctx).lent = &body
}
