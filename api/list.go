package api

import "github.com/valyala/fasthttp"

// answerLines sends the lines of a list, NDJSON as they are, or in the form that Accept asks for.
func answerLines(ctx *fasthttp.RequestCtx, _ string, body []byte) *refusal {
	answer(ctx, typeNDJSON, body)
	return nil
}
