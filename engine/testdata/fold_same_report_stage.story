# Fold that lab's results by reported_at, then stage withdrawn > corrected > final > preliminary: in one second the later stage is folded last.
# Proves: result/fold-by-stage
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00 preliminary
result T100 inconclusive tested 12:00 reported 13:00
result T100 negative tested 12:00 reported 13:00 corrected
scan T200 ben 08:01
result T200 positive tested 12:00 reported 13:00 corrected
result T200 negative tested 12:00 reported 13:00 withdrawn
ada negative
ben sampled
tube T200 says nothing
