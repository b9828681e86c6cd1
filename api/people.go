package api

import "github.com/valyala/fasthttp"

func (s *Server) getPeople(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	return errNotFound
}
