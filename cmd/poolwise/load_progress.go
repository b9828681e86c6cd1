package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// loadProgress tells how far a file has come: a bar of its bytes on a terminal, a line
// every few seconds elsewhere, nothing with --quiet.
type loadProgress struct {
	bar   *progressbar.ProgressBar
	errs  io.Writer
	kind  string
	size  int64
	began time.Time

	mu          *sync.Mutex // the one that guards errs
	read        int64
	items, told int
	stop        chan struct{}
	ended       sync.WaitGroup
}

func newLoadProgress(c *loadConfig, errs io.Writer, mu *sync.Mutex, size int64, began time.Time) *loadProgress {
	p := &loadProgress{errs: errs, mu: mu, kind: c.Kind, size: size, began: began, stop: make(chan struct{})}
	if c.Quiet {
		return p
	}
	if file, ok := errs.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.bar = progressbar.NewOptions64(size, progressbar.OptionSetWriter(errs), progressbar.OptionSetDescription(c.Kind),
			progressbar.OptionShowBytes(true), progressbar.OptionShowTotalBytes(true), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
		return p
	}
	p.ended.Go(func() {
		ticker := time.NewTicker(loadProgressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-p.stop:
				return
			case now := <-ticker.C:
				p.tell(now)
			}
		}
	})
	return p
}

// set says what has been answered: bytes of the file and items.
func (p *loadProgress) set(read int64, items int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read, p.items = read, items
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%s %d items, %.0f/s", p.kind, items, float64(items)/max(time.Since(p.began).Seconds(), 0.001)))
		_ = p.bar.Set64(read) // drawing is all that can fail
	}
}

// tell writes a plain line, if something has moved.
func (p *loadProgress) tell(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.items == p.told {
		return
	}
	p.told = p.items
	line := fmt.Sprintf("%s: %d items, %.0f/s", p.kind, p.items, float64(p.items)/max(now.Sub(p.began).Seconds(), 0.001))
	if p.size > 0 {
		line += fmt.Sprintf(", %d %% of the file", p.read*100/p.size)
	}
	fmt.Fprintln(p.errs, line)
}

// clear makes room for a line of something else.
func (p *loadProgress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p *loadProgress) end() {
	close(p.stop)
	p.ended.Wait()
	if p.bar != nil {
		_ = p.bar.Finish()
		_ = p.bar.Exit()
	}
}
