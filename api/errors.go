package api

import (
	"errors"
	"net"

	"github.com/valyala/fasthttp"

	"poolwise/ingest"
)

// refusal is an answer to a whole request that was not carried out. The code is for
// programs and never changes, the message is one plain sentence for people. Neither
// ever holds anything of the request.
type refusal struct {
	status  int
	code    string
	message string
	allow   string // 405 only
}

// The catalogue.
var (
	errNotFound         = &refusal{status: 404, code: "not_found", message: "There is nothing at this path; see / for what there is."}
	errStarting         = &refusal{status: 503, code: "starting", message: "The server is reading its journal and will be ready soon; nothing was applied."}
	errStopping         = &refusal{status: 503, code: "stopping", message: "The server is stopping; nothing was applied."}
	errOverloaded       = &refusal{status: 503, code: "overloaded", message: "The server has more work than it may hold; nothing was applied, try again."}
	errInternal         = &refusal{status: 500, code: "internal", message: "The server failed on this request; its operator can find out why."}
	errMediaType        = &refusal{status: 415, code: "unsupported_media_type", message: "The Content-Type must be application/x-ndjson, application/json or text/csv in UTF-8 or GB 18030; of a roster also the XLSX type."}
	errContentEncoding  = &refusal{status: 415, code: "unsupported_encoding", message: "The Content-Encoding must be gzip, zstd or none."}
	errBodyTooLarge     = &refusal{status: 413, code: "body_too_large", message: "The body is larger than 64 MiB."}
	errUnpackedTooLarge = &refusal{status: 413, code: "body_too_large", message: "The body is larger than 512 MiB when it is unpacked; nothing was applied."}
	errPacking          = &refusal{status: 400, code: "bad_encoding", message: "The body is not whole and valid gzip or zstd, or needs a zstd window above 8 MiB; nothing was applied."}
	errStatusTooLarge   = &refusal{status: 413, code: "body_too_large", message: "The body is larger than 1 MiB."}
	errTooManyPeople    = &refusal{status: 413, code: "too_many_items", message: "One request may name at most 10,000 people."}
	errBodyIncomplete   = &refusal{status: 400, code: "body_incomplete", message: "The body ended before its announced length; nothing was applied."}
	errBadStatusRequest = &refusal{status: 400, code: "bad_encoding", message: "The body must be an object with one field, people, an array of IDs."}
	errPersonInvalid    = &refusal{status: 400, code: "person_invalid", message: "This is not a valid ID."}
	errPersonUnknown    = &refusal{status: 404, code: "person_unknown", message: "This person has never been heard of."}
	errTubeInvalid      = &refusal{status: 400, code: "field_invalid", message: "This is not a tube code."}
	errTubeUnknown      = &refusal{status: 404, code: "tube_unknown", message: "This tube has never been heard of."}
	errRoundInvalid     = &refusal{status: 400, code: "field_invalid", message: "A round is named by 1 to 32 of 0-9, A-Z, a-z, dot, underscore and hyphen."}
	errRoundUnknown     = &refusal{status: 404, code: "round_unknown", message: "This round has never been heard of."}
	errAreaUnknown      = &refusal{status: 404, code: "area_unknown", message: "This area has never been heard of."}
	errDryRun           = &refusal{status: 400, code: "field_invalid", message: "The parameter dry_run must be 1 or 0; nothing was applied."}
	errDryDismissal     = &refusal{status: 400, code: "field_invalid", message: "Dismissing rejects takes no dry_run; nothing was dismissed."}
	errChangesBasis     = &refusal{status: 400, code: "not_supported", message: "Changes are judged by the time of sampling; ask for a status to have it judged by the report."}
	errZone             = &refusal{status: 400, code: "time_zone_invalid", message: "X-Time-Zone must name a time zone such as Asia/Shanghai."}
	errCursor           = &refusal{status: 400, code: "cursor_invalid", message: "This cursor is not one of this server's."}
	errAt               = &refusal{status: 400, code: "field_invalid", message: "The parameter at must be a time with an offset, such as 2022-04-04T14:02:11+08:00."}
	errWindow           = &refusal{status: 400, code: "field_invalid", message: "The parameter window must be a duration such as 48h or 7d, up to 31d."}
	errBasis            = &refusal{status: 400, code: "field_invalid", message: "The parameter basis must be sampled or reported."}
	errAreaInvalid      = &refusal{status: 400, code: "field_invalid", message: "The parameter area must be 2 to 20 digits."}
	errBy               = &refusal{status: 400, code: "field_invalid", message: "The parameter by must be area, circle, group or site."}
	errProfile          = &refusal{status: 400, code: "field_invalid", message: "The parameter profile must be 1 or 0."}
	errNotAcceptable    = &refusal{status: 406, code: "not_acceptable", message: "This list is no spreadsheet; accept application/x-ndjson or text/csv."}
	errOrderKind        = &refusal{status: 400, code: "field_invalid", message: "The parameter kind must be single, any, recheck or all."}
	errLimit            = &refusal{status: 400, code: "field_invalid", message: "The parameter limit must be a number from 1 to 100,000."}
	errWait             = &refusal{status: 400, code: "field_invalid", message: "The parameter wait must be a duration such as 30s."}
	errStates           = &refusal{status: 400, code: "field_invalid", message: "The parameter states must list states such as held,suspect."}
	errOrderState       = &refusal{status: 400, code: "field_invalid", message: "The parameter state must be open, acknowledged, unreachable, swabbed, fulfilled or cancelled."}
	errOverdue          = &refusal{status: 400, code: "field_invalid", message: "The parameter overdue must be true or false."}
	errAfter            = &refusal{status: 400, code: "field_invalid", message: "The parameter after must be the X-Next-After of the page before."}
	errBenchBytes       = &refusal{status: 400, code: "field_invalid", message: "The parameter n must be a number from 0 to 1,048,576."}

	errHeaderTooLarge = &refusal{status: 431, code: "header_too_large", message: "The request line and headers are larger than 8 KiB."}
	errTimeout        = &refusal{status: 408, code: "request_timeout", message: "The request did not arrive in time; nothing was applied."}
	errFraming        = &refusal{status: 400, code: "bad_request", message: "This is not a complete and well-formed HTTP request; nothing was applied."}
)

func methodNotAllowed(allow string) *refusal {
	return &refusal{status: 405, code: "method_not_allowed", message: "This path does not take that method; see Allow.", allow: allow}
}

// ofPipeline translates the errors of ingest.Pipeline.Do.
func ofPipeline(err error) *refusal {
	if request, ok := errors.AsType[*ingest.RequestError](err); ok {
		status := fasthttp.StatusBadRequest
		if request.Code == ingest.CodeTooManyItems || request.Code == ingest.CodeBodyTooLarge {
			status = fasthttp.StatusRequestEntityTooLarge
		}
		return &refusal{status: status, code: string(request.Code), message: request.Message}
	}
	switch {
	case errors.Is(err, ingest.ErrFull):
		return &refusal{status: 507, code: "store_full", message: "This server holds as many people, tubes or tests as it can; nothing of the request was applied."}
	case errors.Is(err, ingest.ErrOverloaded):
		return errOverloaded
	case errors.Is(err, ingest.ErrStopped):
		return errStopping
	}
	return errInternal
}

// ofTransport translates what fasthttp met while it read a request.
func ofTransport(err error) *refusal {
	if _, ok := errors.AsType[*fasthttp.ErrSmallBuffer](err); ok {
		return errHeaderTooLarge
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return errTimeout
	}
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		return errBodyTooLarge
	}
	return errFraming
}

// refuse writes the answer.
func refuse(ctx *fasthttp.RequestCtx, r *refusal) {
	ctx.Response.ResetBody()
	ctx.Response.SetStatusCode(r.status)
	ctx.Response.Header.SetContentType(typeJSON)
	if r.status == fasthttp.StatusServiceUnavailable {
		ctx.Response.Header.Set("Retry-After", retryAfterSeconds)
	}
	if r.allow != "" {
		ctx.Response.Header.Set("Allow", r.allow)
	}
	body := append([]byte(nil), `{"error":{"code":"`...)
	body = append(body, r.code...)
	body = append(body, `","message":`...)
	body = appendString(body, r.message)
	body = append(body, "}}\n"...)
	ctx.Response.SetBodyRaw(body)
}
