# Acceptance 5: pool positive corrected to negative after members re-sampled: open re-collections cancelled, those with another open cause stay held.
# Proves: acceptance/5
any order
scan T100 ada 08:01
scan T100 ben 08:02
scan T100 cem 08:03
late scan T200 cem 07:00
result T200 positive tested 09:00 reported 10:00
result T100 positive tested 12:00 reported 13:00
late scan T301 ada 14:00 single
result T301 negative tested 15:00 reported 15:30
result T100 negative tested 12:00 reported 16:00 corrected
ada negative
ada last negative T301
ben negative
no order ben
cem held because T200
order cem due 16:00
