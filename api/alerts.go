package api

import (
	"strconv"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
)

// getAlerts lists the conditions that somebody should look at, as long as they hold.
func (s *Server) getAlerts(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	args := ctx.QueryArgs()
	limit, refused := limitOf(args)
	if refused != nil {
		return refused
	}
	after, refused := afterOf(args)
	if refused != nil {
		return refused
	}
	body := listMemory()
	next, more := b.Engine.Alerts(after, limit, func(a *engine.AlertView) bool {
		body = s.appendAlert(body, a)
		return true
	})
	if more {
		ctx.Response.Header.Set("X-Next-After", strconv.FormatUint(next, 10))
	}
	return answerLines(ctx, "alerts", body)
}

func (s *Server) appendAlert(dst []byte, a *engine.AlertView) []byte {
	dst = append(dst, `{"alert":`...)
	dst = appendWord(dst, a.Kind.String())
	dst = append(dst, `,"tube":`...)
	dst = appendString(dst, a.Code)
	dst = append(dst, `,"site":`...)
	dst = appendStringOrNull(dst, a.Site)
	dst = append(dst, `,"verdict":`...)
	dst = appendWordOrNull(dst, a.Verdict.String())
	dst = append(dst, `,"since":`...)
	dst = s.zone.appendTime(dst, a.Since)
	dst = append(dst, `,"members":`...)
	dst = appendUint(dst, uint64(a.Members))
	return append(dst, "}\n"...)
}

// afterOf reads ?after= of a list that is paged by number.
func afterOf(args *fasthttp.Args) (uint64, *refusal) {
	text := args.Peek("after")
	if len(text) == 0 {
		return 0, nil
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return 0, errAfter
	}
	return n, nil
}
