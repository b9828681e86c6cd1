package api

import "github.com/valyala/fasthttp"

func (s *Server) getOpenAPI(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	return errNotFound
}

func (s *Server) getDocs(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal { return errNotFound }
