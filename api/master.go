package api

import (
	"strconv"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
)

// Lists of master data, in the order of first mention: what was put, and, marked as
// provisional, what events mention and nobody put.

func (s *Server) getAreas(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	return answerList(ctx, "areas", func(after uint32, limit int, body []byte) ([]byte, uint32, bool) {
		next, more := b.Engine.Areas(after, limit, func(v *engine.AreaView) {
			body = append(body, `{"area":`...)
			body = appendString(body, v.Area)
			body = appendField(body, "name", v.Name)
			body = appendField(body, "parent", v.Parent)
			body = append(body, `,"risk":`...)
			body = appendWord(body, v.Risk.String())
			body = appendProvisional(body, v.Provisional)
		})
		return body, next, more
	})
}

func (s *Server) getSites(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	return answerList(ctx, "sites", func(after uint32, limit int, body []byte) ([]byte, uint32, bool) {
		next, more := b.Engine.Sites(after, limit, func(v *engine.SiteView) {
			body = append(body, `{"site":`...)
			body = appendString(body, v.Site)
			body = appendField(body, "name", v.Name)
			body = appendField(body, "area", v.Area)
			body = appendField(body, "kind", v.Kind)
			body = appendField(body, "lab", v.Lab)
			body = appendField(body, "opens", v.Opens)
			body = appendProvisional(body, v.Provisional)
		})
		return body, next, more
	})
}

func (s *Server) getLabs(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	return answerList(ctx, "labs", func(after uint32, limit int, body []byte) ([]byte, uint32, bool) {
		next, more := b.Engine.Labs(after, limit, func(v *engine.LabView) {
			body = append(body, `{"lab":`...)
			body = appendString(body, v.Lab)
			body = appendField(body, "name", v.Name)
			body = append(body, `,"kind":`...)
			body = appendChoice(body, v.CDC, "cdc", "lab")
			body = appendProvisional(body, v.Provisional)
		})
		return body, next, more
	})
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	return appendStringOrNull(dst, value)
}

func appendProvisional(dst []byte, provisional bool) []byte {
	dst = append(dst, `,"provisional":`...)
	return append(appendBool(dst, provisional), "}\n"...)
}

// answerList answers one page of a list that is paged by number.
func answerList(ctx *fasthttp.RequestCtx, name string, list func(after uint32, limit int, body []byte) ([]byte, uint32, bool)) *refusal {
	limit, refused := limitOf(ctx.QueryArgs())
	if refused != nil {
		return refused
	}
	after, refused := afterOf(ctx.QueryArgs())
	if refused != nil {
		return refused
	}
	body, next, more := list(uint32(min(after, 1<<32-1)), limit, listMemory())
	if more {
		ctx.Response.Header.Set("X-Next-After", strconv.FormatUint(uint64(next), 10))
	}
	return answerLines(ctx, name, body)
}
