# A pool is resolved when every member has an answer.
# Proves: tube/resolved
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
tube T100 resolving
scan T200 ada 14:00 single
result T200 negative tested 15:00 reported 16:00
tube T100 resolving
scan T300 ben 14:00 single
result T300 positive tested 15:00 reported 16:00
tube T100 resolved
