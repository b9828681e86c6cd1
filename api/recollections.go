package api

import (
	"bytes"
	"strconv"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// getRecollections lists orders in the order of their numbers: without ?kind= those to
// come again, kind=recheck the rechecks of suspects, kind=all both. Without ?state= it
// shows all; state=open shows what a list of open orders shows: open, acknowledged,
// unreachable and swabbed. With ?area= it shows those of people whose area, rostered or
// else named by a scan, lies in it.
func (s *Server) getRecollections(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	in, refused := s.instantOf(ctx)
	if refused != nil {
		return refused
	}
	filter, refused := orderFilter(ctx.QueryArgs(), in.now)
	if refused != nil {
		return refused
	}
	body := listMemory()
	show := func(o *engine.OrderView) bool {
		body = s.appendOrder(body, b.Engine, o, in.now)
		return true
	}
	var last uint32
	var more bool
	if area := ctx.QueryArgs().Peek("area"); len(area) == 0 {
		last, more = b.Engine.Orders(filter, show)
	} else {
		if !ingest.IsArea(area) {
			return errAreaInvalid
		}
		var ok bool
		if last, more, ok = b.Engine.OrdersIn(string(area), filter, show); !ok {
			return errAreaUnknown
		}
	}
	if more {
		ctx.Response.Header.Set("X-Next-After", "R"+strconv.FormatUint(uint64(last), 10))
	}
	return answerLines(ctx, "recollections", body)
}

func orderFilter(args *fasthttp.Args, now int64) (f engine.OrderFilter, refused *refusal) {
	if f.Limit, refused = limitOf(args); refused != nil {
		return f, refused
	}
	if after := args.Peek("after"); len(after) > 0 {
		n, err := strconv.ParseUint(string(bytes.TrimPrefix(after, []byte("R"))), 10, 32)
		if err != nil {
			return f, errAfter
		}
		f.After = uint32(n)
	}
	switch kind := string(args.Peek("kind")); kind {
	case "":
	case "all":
		f.Kinds = 1<<engine.OrderSingle | 1<<engine.OrderAny | 1<<engine.OrderRecheck
	default:
		for k := engine.OrderSingle; k <= engine.OrderRecheck; k++ {
			if k.String() == kind {
				f.Kinds = 1 << k
			}
		}
		if f.Kinds == 0 {
			return f, errOrderKind
		}
	}
	switch string(args.Peek("overdue")) {
	case "", "false", "0":
	case "true", "1":
		f.OpenOnly, f.DueBy = true, engine.FromUnix(now)
	default:
		return f, errOverdue
	}
	switch state := string(args.Peek("state")); state {
	case "":
	case "open":
		f.OpenOnly = true
	default:
		for o := engine.OrderAcknowledged; o <= engine.OrderCancelled; o++ {
			if o.String() == state {
				f.State, f.ByState = o, true
			}
		}
		if !f.ByState {
			return f, errOrderState
		}
	}
	return f, nil
}

func (s *Server) appendOrder(dst []byte, e *engine.Engine, o *engine.OrderView, now int64) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendOrderID(dst, o.Number)
	dst = append(dst, `,"person":"`...)
	dst = e.AppendPersonID(dst, o.Person)
	dst = s.appendOrderState(append(dst, '"'), o)
	dst = append(dst, `,"overdue":`...)
	dst = appendBool(dst, o.State.IsOpen() && o.Due.Unix() < now)
	dst = append(dst, `,"causes":[`...)
	dst = appendTubeCodes(dst, e, o.Causes)
	return append(dst, "]}\n"...)
}

func appendTubeCodes(dst []byte, e *engine.Engine, tubes []engine.TubeIndex) []byte {
	for i, t := range tubes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = e.AppendTubeCode(dst, t)
		dst = append(dst, '"')
	}
	return dst
}

// appendOrderState writes what an order asks for, how it stands and its times.
func (s *Server) appendOrderState(dst []byte, o *engine.OrderView) []byte {
	dst = append(dst, `,"kind":`...)
	dst = appendWord(dst, o.Kind.String())
	dst = append(dst, `,"state":`...)
	dst = appendWord(dst, o.State.String())
	dst = append(dst, `,"opened_at":`...)
	dst = s.zone.appendTime(dst, o.Opened)
	dst = append(dst, `,"due_at":`...)
	return s.zone.appendTime(dst, o.Due)
}
