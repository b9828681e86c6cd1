# An order of kind any is answered by a swab in any tube.
# Proves: order/any-swabbed
any order
scan T100 ada 08:01
lost T100 10:00
late scan T200 ada 11:00
order ada any due 16:00
order ada swabbed
