package api

import (
	"strconv"

	"github.com/valyala/fasthttp"

	"poolwise/ingest"
)

const (
	personStatusPath  = "/v1/people/{person}/status"
	personHistoryPath = "/v1/people/{person}/history"
	tubePath          = "/v1/tubes/{tube}"
	roundPath         = "/v1/rounds/{round}"
	coveragePath      = "/v1/rounds/{round}/coverage"
	missingPath       = "/v1/rounds/{round}/missing"
)

const welcome = `poolwise: from a tube of ten swabs to a status for everyone.

POST /v1/scans                    swabs, NDJSON or JSON
POST /v1/results                  results of tubes
POST /v1/events                   every event: both, tube.open, transfer, excuse, discharge ...
POST /v1/roster                   people, NDJSON or JSON
PUT  /v1/areas  /v1/sites  /v1/labs  master data; GET lists it
PUT  /v1/rounds/{round}           policy of a round
GET  /v1/people/{person}/status   one person
POST /v1/status                   {"people":[...]}, one status a line
GET  /v1/tubes/{tube}             a tube and its members
GET  /v1/recollections            who has to come again
GET  /v1/alerts                   what somebody should look at
GET  /v1/rounds  /v1/rounds/{round}
GET  /v1/rounds/{round}/coverage  and /missing, who has been sampled and who has not
GET  /v1/changes                  every change of a status, in order
GET  /healthz  /readyz  /metrics  for machines
`

// addRoutes is the table of everything the server answers.
func (s *Server) addRoutes() {
	s.routes = map[string]*route{}
	s.unknown = route{path: "other", seconds: ingest.NewDurations()}
	list := []*route{
		{path: "/", method: "GET", early: true, handle: s.getWelcome},
		{path: "/healthz", method: "GET", early: true, handle: s.getHealth},
		{path: "/readyz", method: "GET", handle: s.getHealth},
		{path: "/metrics", method: "GET", early: true, handle: s.getMetrics},
		{path: "/v1/scans", method: "POST", handle: s.takeBatch(ingest.Scans)},
		{path: "/v1/results", method: "POST", handle: s.takeBatch(ingest.Results)},
		{path: "/v1/events", method: "POST", handle: s.takeBatch(ingest.Events)},
		{path: "/v1/roster", method: "POST", handle: s.takeBatch(ingest.Roster)},
		{path: "/v1/areas", method: "GET", handle: s.getAreas}, // ahead of PUT, for HEAD
		{path: "/v1/areas", method: "PUT", handle: s.takeBatch(ingest.Areas)},
		{path: "/v1/sites", method: "GET", handle: s.getSites}, // ahead of PUT, for HEAD
		{path: "/v1/sites", method: "PUT", handle: s.takeBatch(ingest.Sites)},
		{path: "/v1/labs", method: "GET", handle: s.getLabs}, // ahead of PUT, for HEAD
		{path: "/v1/labs", method: "PUT", handle: s.takeBatch(ingest.Labs)},
		{path: "/v1/rounds", method: "GET", handle: s.getRounds},
		{path: roundPath, method: "GET", handle: s.getRound}, // ahead of PUT, for HEAD
		{path: roundPath, method: "PUT", handle: s.takeBatch(ingest.Round)},
		{path: coveragePath, method: "GET", handle: s.getCoverage},
		{path: missingPath, method: "GET", handle: s.getMissing},
		{path: "/v1/status", method: "POST", handle: s.postStatus},
		{path: personStatusPath, method: "GET", handle: s.getPersonStatus},
		{path: personHistoryPath, method: "GET", handle: s.getHistory},
		{path: "/v1/people", method: "GET", handle: s.getPeople},
		{path: "/v1/tubes", method: "GET", handle: s.getTubes},
		{path: tubePath, method: "GET", handle: s.getTube},
		{path: "/v1/rejects", method: "GET", handle: s.getRejects},
		{path: "/v1/rejects/resubmit", method: "POST", handle: s.resubmitRejects},
		{path: "/v1/rejects/dismiss", method: "POST", handle: s.dismissRejects},
		{path: "/openapi.json", method: "GET", early: true, handle: s.getOpenAPI},
		{path: "/docs", method: "GET", early: true, handle: s.getDocs},
		{path: "/v1/recollections", method: "GET", handle: s.getRecollections},
		{path: "/v1/alerts", method: "GET", handle: s.getAlerts},
		{path: "/v1/changes", method: "GET", handle: s.getChanges},
	}
	if s.cfg.BenchRoutes {
		list = append(list,
			&route{path: "/bench/empty", method: "GET", handle: s.getBenchEmpty},
			&route{path: "/bench/empty", method: "POST", handle: s.postBenchEmpty})
	}
	for _, r := range list {
		r.seconds = ingest.NewDurations()
		key := r.path
		if s.routes[key] != nil {
			key = r.method + " " + r.path
		}
		s.routes[key] = r
	}
}

func (s *Server) getWelcome(_ *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	ctx.Response.Header.SetContentType(typeText)
	ctx.SetBodyString(welcome)
	return nil
}

func (s *Server) getHealth(_ *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	ctx.Response.Header.SetContentType(typeText)
	ctx.SetBodyString("ok\n")
	return nil
}

// getBenchEmpty answers n bytes with the headers of a status: the yardstick of reads.
func (s *Server) getBenchEmpty(_ *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	n := 0
	if text := ctx.QueryArgs().Peek("n"); len(text) > 0 {
		var err error
		if n, err = strconv.Atoi(string(text)); err != nil || n < 0 || n > benchBytesMax {
			return errBenchBytes
		}
	}
	body := answerMemory(ctx)
	for len(body) < n {
		body = append(body, "                                                                "[:min(64, n-len(body))]...)
	}
	answer(ctx, typeJSON, body)
	return nil
}

// postBenchEmpty reads the body as a batch is read and answers nothing: the yardstick of writes.
func (s *Server) postBenchEmpty(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	r := ingest.AcquireRequest()
	defer ingest.ReleaseRequest(r)
	var hold heldBody
	refused := readBatch(b.Pipeline, ctx, bodyForm{}, r, &hold)
	hold.release(b.Pipeline)
	if refused != nil {
		return refused
	}
	ctx.Response.Header.SetContentType(typeJSON)
	ctx.SetBodyString("{}")
	return nil
}
