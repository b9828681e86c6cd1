package loadtest

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// progress draws one line again and again on a terminal.
type progress struct {
	out   io.Writer
	title string
	total int64
	done  func() int64
	stop  chan struct{}
	wg    sync.WaitGroup
}

const (
	progressEvery = 200 * time.Millisecond
	progressWidth = 30
)

// showProgress begins to draw; a nil out draws nothing.
func showProgress(out io.Writer, title string, total int64, done func() int64) *progress {
	p := &progress{out: out, title: title, total: max(total, 1), done: done, stop: make(chan struct{})}
	if out == nil {
		return p
	}
	p.wg.Go(func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		began := time.Now()
		for {
			select {
			case <-p.stop:
				fmt.Fprintf(out, "\r%s\r", strings.Repeat(" ", progressWidth+50))
				return
			case now := <-ticker.C:
				p.draw(now.Sub(began))
			}
		}
	})
	return p
}

func (p *progress) draw(elapsed time.Duration) {
	n := min(p.done(), p.total)
	full := int(n * progressWidth / p.total)
	fmt.Fprintf(p.out, "\r%-8s [%s%s] %3d%%  %.0f/s ", p.title, strings.Repeat("█", full), strings.Repeat("·", progressWidth-full),
		n*100/p.total, float64(n)/elapsed.Seconds())
}

func (p *progress) end() {
	close(p.stop)
	p.wg.Wait()
}
