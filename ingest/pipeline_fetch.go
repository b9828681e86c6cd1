package ingest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"poolwise/engine"
)

// fetch is the fetcher goroutine: while a group is journalled, the engine fetches what
// the group will touch and has gone cold. The writer waits for neither.
func (p *Pipeline) fetch() {
	for g := range p.cold {
		began := p.now()
		if err := p.needs(g.batches); err != nil {
			p.die(err)
		}
		p.stats.Fetch.Observe(p.now() - began)
		p.fetched <- struct{}{}
	}
}

// needs fetches for one group.
func (p *Pipeline) needs(batches []*engine.Batch) error {
	return p.fetching(func(run func(jobs []func())) { p.cfg.Machine.Needs(batches, run) })
}

// fetching does the jobs of look side by side. A page that cannot be fetched is a panic of
// the engine, for without it there is no state; it becomes an error here.
func (p *Pipeline) fetching(look func(run func(jobs []func()))) (err error) {
	var failed atomic.Pointer[error]
	try := func(job func()) {
		defer func() {
			if v := recover(); v != nil {
				err := fmt.Errorf("cannot fetch cold pages: %s", panicPlace(v))
				failed.CompareAndSwap(nil, &err)
			}
		}()
		job()
	}
	try(func() {
		look(func(jobs []func()) {
			next := make(chan func(), len(jobs))
			for _, job := range jobs {
				next <- job
			}
			close(next)
			var all sync.WaitGroup
			for range min(len(jobs), fetchGoroutines) {
				all.Go(func() {
					for job := range next {
						try(job)
					}
				})
			}
			all.Wait()
		})
	})
	if e := failed.Load(); e != nil {
		return *e
	}
	return nil
}
