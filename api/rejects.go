package api

import (
	"github.com/valyala/fasthttp"

	"poolwise/ingest"
)

// keepRejects keeps the items of a request that were refused, before the request is answered.
func (s *Server) keepRejects(b *Backend, r *ingest.Request, body bodyForm, o *ingest.Options) *refusal {
	return nil
}

func (s *Server) getRejects(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	return errNotFound
}

func (s *Server) resubmitRejects(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	return errNotFound
}

func (s *Server) dismissRejects(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	return errNotFound
}
