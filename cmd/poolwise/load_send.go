package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
)

// loadSender sends batches until they are answered.
type loadSender struct {
	cfg         *loadConfig
	method, url string
	client      *http.Client
	pack        *zstd.Encoder
	// waited is told once for each pause, with what went wrong.
	waited func(err error)
	// pause and now are the clock; tests have their own.
	pause func(ctx context.Context, d time.Duration) error
	now   func() time.Time
}

func newLoadSender(cfg *loadConfig) (*loadSender, error) {
	s := &loadSender{cfg: cfg, pause: pauseFor, now: time.Now, waited: func(error) {}}
	s.method, s.url = cfg.endpoint()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.DisableCompression = cfg.Connections, true
	s.client = &http.Client{
		Transport: transport, Timeout: loadRequestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if cfg.Compress == "zstd" {
		var err error
		if s.pack, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(cfg.Connections)); err != nil {
			return nil, fmt.Errorf("cannot pack bodies: %w", err)
		}
	}
	return s, nil
}

func (s *loadSender) close() { s.client.CloseIdleConnections() }

func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// loadAnswer is what the server says of a batch.
type loadAnswer struct {
	Received   int         `json:"received"`
	Accepted   int         `json:"accepted"`
	Duplicates int         `json:"duplicates"`
	Rejected   int         `json:"rejected"`
	Errors     []loadError `json:"errors"`
	Flagged    int         `json:"flagged"`
}

// loadError is a rejected item.
type loadError struct {
	Index   int    `json:"index"`
	Row     int64  `json:"row"`
	Column  string `json:"column"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

var (
	// errLoadAgain marks what passes by itself: the batch is sent again.
	errLoadAgain = errors.New("no answer yet")
	// errLoadRefused marks what does not.
	errLoadRefused = errors.New("refused by the server")
)

// send sends a batch until it is answered, refused, or --retry-for is over since it first
// was not. That ctx is done ends the waiting, never a request on its way.
func (s *loadSender) send(ctx context.Context, b *loadBatch) (loadAnswer, error) {
	body := b.body
	if s.pack != nil {
		body = s.pack.EncodeAll(body, nil)
	}
	var failed time.Time
	for try := 0; ; try++ {
		answer, after, err := s.once(body, b.heading > 0)
		if !errors.Is(err, errLoadAgain) {
			return answer, err
		}
		now := s.now()
		if try == 0 {
			failed = now
		}
		s.waited(err)
		delay := min(max(loadRetryFirst<<min(try, 10), after), loadRetryMost)
		if now.Add(delay).Sub(failed) > s.cfg.RetryFor {
			return answer, fmt.Errorf("gave up after %v: %w", s.cfg.RetryFor, err)
		}
		if err := s.pause(ctx, delay); err != nil {
			return answer, err
		}
	}
}

// once sends a batch once. after is what the server asks to wait. Rows of a table may hold no
// item, and a batch of such rows alone has been dealt with.
func (s *loadSender) once(body []byte, table bool) (answer loadAnswer, after time.Duration, err error) {
	request, err := http.NewRequest(s.method, s.url, bytes.NewReader(body))
	if err != nil {
		return answer, 0, err
	}
	request.Header.Set("Content-Type", s.cfg.contentType())
	if s.pack != nil {
		request.Header.Set("Content-Encoding", "zstd")
	}
	if s.cfg.Zone != "" {
		request.Header.Set("X-Time-Zone", s.cfg.Zone)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return answer, 0, fmt.Errorf("cannot reach %s: %w: %w", s.cfg.Target, loadTransportError(err), errLoadAgain)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, loadAnswerBytesMax))
	response.Body.Close()
	if err != nil {
		return answer, 0, fmt.Errorf("cannot read the answer of %s: %w: %w", s.cfg.Target, err, errLoadAgain)
	}
	if response.StatusCode == http.StatusOK {
		if err := json.Unmarshal(text, &answer); err != nil {
			return answer, 0, fmt.Errorf("cannot read the answer of %s: got something other than a batch answer: %w", s.cfg.Target, errLoadRefused)
		}
		return answer, 0, nil
	}
	if seconds, err := strconv.ParseFloat(response.Header.Get("Retry-After"), 64); err == nil && seconds > 0 && seconds < 3600 {
		after = time.Duration(seconds * float64(time.Second))
	}
	err = errLoadRefused
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		err = errLoadAgain
	}
	var refusal struct {
		Error struct{ Code, Message string } `json:"error"`
	}
	_ = json.Unmarshal(text, &refusal) // another program's answer has neither
	if table && response.StatusCode == http.StatusBadRequest && refusal.Error.Code == "empty_batch" {
		return answer, 0, nil
	}
	return answer, after, fmt.Errorf("%s answers %d %s %s: %w", s.cfg.Target, response.StatusCode, refusal.Error.Code, refusal.Error.Message, err)
}

// loadTransportError leaves out method and URL, which the message has said.
func loadTransportError(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}
