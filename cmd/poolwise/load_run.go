package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// loader carries a file to a server. One goroutine reads and cuts, one for each request
// sends, and the one of run counts what came back, in the file's order:
//
//	readBatches ── batches ──▶ run ──▶ sender.send (as many as --connections)
//	                            ▲            │
//	                            └─ outcomes ─┘
type loader struct {
	cfg       loadConfig
	out, errs io.Writer
	sender    *loadSender
	show      *loadProgress
	rejects   *bufio.Writer // nil: the first are told on errs

	began    time.Time
	total    loadAnswer
	items    int
	last     int64               // the row up to which everything is answered
	finished map[int]loadOutcome // answered ahead of an older one
	next     int                 // the oldest batch not answered
	shown    int
	untold   int // rejected items that no answer told one by one

	mu   sync.Mutex // guards errs and away
	away bool       // told that the server does not answer
}

// loadOutcome is what became of one batch.
type loadOutcome struct {
	batch  loadBatch
	answer loadAnswer
	err    error
}

func newLoader(cfg loadConfig, out, errs io.Writer) *loader {
	return &loader{cfg: cfg, out: out, errs: errs, finished: map[int]loadOutcome{}}
}

// run loads and returns the exit status. It stops when ctx is done: requests on their way
// are finished first.
func (l *loader) run(ctx context.Context, stdin io.Reader) (status int) {
	if l.sender == nil {
		sender, err := newLoadSender(&l.cfg)
		if err != nil {
			return l.fail(err)
		}
		l.sender = sender
	}
	defer l.sender.close()
	l.sender.waited = l.waited
	file, err := openLoad(&l.cfg, stdin)
	if err != nil {
		return l.fail(err)
	}
	defer file.close()
	if l.cfg.Errors != "" {
		rejects, err := os.OpenFile(l.cfg.Errors, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return l.fail(fmt.Errorf("cannot write the rejected items: %w", err))
		}
		defer rejects.Close()
		l.rejects = bufio.NewWriter(rejects)
	}
	l.began = l.sender.now()
	l.show = newLoadProgress(&l.cfg, l.errs, &l.mu, file.size, l.began)
	err = l.carry(ctx, file)
	l.show.end()
	if l.rejects != nil {
		if failed := l.rejects.Flush(); failed != nil {
			err = errors.Join(err, fmt.Errorf("cannot write the rejected items: %w", failed))
		}
	}
	return l.summary(err)
}

// carry sends everything and returns why it did not.
func (l *loader) carry(ctx context.Context, file *loadFile) error {
	batches, readErr, enough := make(chan loadBatch), make(chan error, 1), make(chan struct{})
	go func() {
		err := readBatches(&l.cfg, file, func(b loadBatch) bool {
			select {
			case batches <- b:
				return true
			case <-enough:
				return false
			}
		})
		close(batches)
		readErr <- err
	}()
	connections := l.cfg.Connections
	if loadKinds[l.cfg.kind()].ordered {
		connections = 1
	}
	waiting, give := context.WithCancel(ctx)
	defer give()
	outcomes := make(chan loadOutcome, connections)
	var failed error
	stopped, done := ctx.Done(), false
	for sending, newest := 0, 0; !done || sending > 0; {
		source := batches
		if done || failed != nil || sending == connections || newest-l.next >= loadWindowBatches {
			source = nil
		}
		select {
		case b, more := <-source:
			if !more {
				done = true
				continue
			}
			sending, newest = sending+1, b.number+1
			go func() {
				answer, err := l.sender.send(waiting, &b)
				b.body = nil
				outcomes <- loadOutcome{b, answer, err}
			}()
		case o := <-outcomes:
			sending--
			switch {
			case failed != nil || o.err == nil:
			case ctx.Err() != nil && errors.Is(o.err, ctx.Err()):
				failed = errLoadStopped
			default:
				failed = fmt.Errorf("cannot load %s: %w", l.between(&o.batch), o.err)
				give() // what waits to be sent again need not
			}
			l.take(o)
		case <-stopped:
			stopped, failed = nil, errors.Join(failed, errLoadStopped)
		}
		done = done || failed != nil
	}
	close(enough)
	if failed != nil && l.cfg.File == "-" {
		file.closers = nil // whoever writes to us may never do so again: the reader is left waiting
		return failed
	}
	for range batches {
	}
	return errors.Join(failed, <-readErr)
}

var errLoadStopped = errors.New("stopped")

// take counts an outcome, and tells of all up to the oldest that is not there yet.
func (l *loader) take(o loadOutcome) {
	if o.err == nil {
		l.answered()
	}
	l.finished[o.batch.number] = o
	for {
		o, ok := l.finished[l.next]
		if !ok || o.err != nil {
			return
		}
		delete(l.finished, l.next)
		l.next++
		l.count(&o)
		l.last = o.batch.rows[len(o.batch.rows)-1]
		l.show.set(o.batch.read, l.items)
	}
}

// count adds up an answer and tells of its rejected items.
func (l *loader) count(o *loadOutcome) {
	items, sent := o.answer.Received, len(o.batch.rows)
	switch {
	case items == sent:
	case items < sent && o.batch.heading > 0: // a row of a number or a total alone holds no item
		if !l.cfg.Quiet {
			l.say("poolwise: of %s, %d without an item are passed over\n", l.between(&o.batch), sent-items)
		}
	default:
		l.say("poolwise: of %s the server counts %d items, and %d were sent\n", l.between(&o.batch), items, sent)
		items = sent
	}
	l.items += items
	l.total.Accepted += o.answer.Accepted
	l.total.Duplicates += o.answer.Duplicates
	l.total.Rejected += o.answer.Rejected
	l.total.Flagged += o.answer.Flagged
	l.untold += max(o.answer.Rejected-len(o.answer.Errors), 0)
	for i := range o.answer.Errors {
		l.reject(&o.answer.Errors[i], o.batch.rowOf(&o.answer.Errors[i]))
	}
}

// rowOf is the row of the file that an error is about, 0 when there is none. What a table
// calls its rows goes before the index: the server may see no item in a row.
func (b *loadBatch) rowOf(e *loadError) int64 {
	at := e.Index
	if b.heading > 0 && e.Row > 0 {
		at = int(e.Row) - 1 - b.heading
	}
	if at < 0 || at >= len(b.rows) {
		return 0
	}
	return b.rows[at]
}

func (l *loader) reject(e *loadError, row int64) {
	if l.rejects != nil {
		line, _ := json.Marshal(struct { // strings and numbers: cannot fail
			Row     int64  `json:"row"`
			Column  string `json:"column,omitempty"`
			Code    string `json:"code"`
			Message string `json:"message"`
		}{row, e.Column, e.Code, e.Message})
		_, _ = l.rejects.Write(append(line, '\n')) // Flush says what went wrong
		return
	}
	if l.shown++; l.cfg.Quiet || l.shown > loadErrorsShown {
		return
	}
	column := ""
	if e.Column != "" {
		column = ", column " + e.Column
	}
	l.say("%s %d%s: %s: %s\n", l.rowWord(), row, column, e.Code, e.Message)
}

// rowWord is how a place in the file is called.
func (l *loader) rowWord() string {
	switch l.cfg.Format {
	case "ndjson":
		return "line"
	case "json":
		return "item"
	}
	return "row"
}

func (l *loader) between(b *loadBatch) string {
	return fmt.Sprintf("%ss %d to %d", l.rowWord(), b.rows[0], b.rows[len(b.rows)-1])
}

// say writes a line between those of the progress.
func (l *loader) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.show != nil {
		l.show.clear()
	}
	fmt.Fprintf(l.errs, format, args...)
}

// waited tells once that the server does not answer, until it has again.
func (l *loader) waited(err error) {
	l.mu.Lock()
	tell := !l.away && !l.cfg.Quiet
	l.away = true
	l.mu.Unlock()
	if tell {
		l.say("poolwise: %v; trying for %v\n", err, l.cfg.RetryFor)
	}
}

// answered ends that the server is away.
func (l *loader) answered() {
	l.mu.Lock()
	l.away = false
	l.mu.Unlock()
}

func (l *loader) fail(err error) int {
	l.say("poolwise: %v\n", err)
	return 1
}

// summary says what became of it all, on one line, and returns the exit status.
func (l *loader) summary(err error) int {
	if rest := l.shown - loadErrorsShown; rest > 0 && !l.cfg.Quiet {
		l.say("%d more rejected items are not shown; --errors FILE holds them all\n", rest)
	}
	if l.untold > 0 {
		l.say("%d rejected items are only counted, for an answer tells of 1,000; load again with --batch 1000 to see each\n", l.untold)
	}
	if err != nil {
		l.say("poolwise: %v\n", err)
		if l.last > 0 && !l.cfg.DryRun {
			l.say("poolwise: everything up to %s %d is in the store, and what was on its way may be; load the same file again, nothing counts twice\n", l.rowWord(), l.last)
		}
	}
	took := l.sender.now().Sub(l.began).Seconds()
	speed := 0.0
	if took > 0 {
		speed = float64(l.items) / took
	}
	fmt.Fprintf(l.out, "%s: %d items in %.1f s (%.0f/s): %d accepted, %d duplicates, %d rejected",
		l.cfg.Kind, l.items, took, speed, l.total.Accepted, l.total.Duplicates, l.total.Rejected)
	if l.total.Flagged > 0 {
		fmt.Fprintf(l.out, ", %d flagged", l.total.Flagged)
	}
	if l.cfg.DryRun {
		fmt.Fprint(l.out, "; a dry run: nothing was changed")
	}
	fmt.Fprintln(l.out)
	if err != nil || l.total.Rejected > 0 {
		return 1
	}
	return 0
}
