;; The code of byte_search.ts, which has it as base64:
;;
;;     wat2wasm byte_search.wat --output=- | base64 --wrap=0

(module
  (memory (import "m" "m") 1)

  ;; The index of the first byte from $at to before $end that is not among $low and the $span ones
  ;; behind it, or is $one or $other. $end or more: there is none. Reads up to 63 bytes beyond.
  (func (export "find")
    (param $at i32) (param $end i32)
    (param $low i32) (param $span i32) (param $one i32) (param $other i32)
    (result i32)
    (local $mask i32) (local $v v128)
    (local $lows v128) (local $spans v128) (local $ones v128) (local $others v128)
    (local.set $lows (i8x16.splat (local.get $low)))
    (local.set $spans (i8x16.splat (local.get $span)))
    (local.set $ones (i8x16.splat (local.get $one)))
    (local.set $others (i8x16.splat (local.get $other)))
    ;; 64 at a time for as long as there is none.
    (block $near
      (loop $far
        (br_if $near
          (v128.any_true
            (v128.or
              (v128.or
                (v128.or
                  (v128.or
                    (v128.or
                      (i8x16.sub_sat_u
                        (i8x16.sub
                          (local.tee $v (v128.load (local.get $at)))
                          (local.get $lows))
                        (local.get $spans))
                      (i8x16.eq (local.get $v) (local.get $ones)))
                    (i8x16.eq (local.get $v) (local.get $others)))
                  (v128.or
                    (v128.or
                      (i8x16.sub_sat_u
                        (i8x16.sub
                          (local.tee $v (v128.load offset=16 (local.get $at)))
                          (local.get $lows))
                        (local.get $spans))
                      (i8x16.eq (local.get $v) (local.get $ones)))
                    (i8x16.eq (local.get $v) (local.get $others))))
                (v128.or
                  (v128.or
                    (i8x16.sub_sat_u
                      (i8x16.sub
                        (local.tee $v (v128.load offset=32 (local.get $at)))
                        (local.get $lows))
                      (local.get $spans))
                    (i8x16.eq (local.get $v) (local.get $ones)))
                  (i8x16.eq (local.get $v) (local.get $others))))
              (v128.or
                (v128.or
                  (i8x16.sub_sat_u
                    (i8x16.sub
                      (local.tee $v (v128.load offset=48 (local.get $at)))
                      (local.get $lows))
                    (local.get $spans))
                  (i8x16.eq (local.get $v) (local.get $ones)))
                (i8x16.eq (local.get $v) (local.get $others))))))
        (br_if $far
          (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 64)))
            (local.get $end))))
      (return (local.get $at)))
    (loop $next
      (if (local.tee $mask
            (i8x16.bitmask
              (v128.or
                (v128.or
                  (i8x16.gt_u
                    (i8x16.sub
                      (local.tee $v (v128.load (local.get $at)))
                      (local.get $lows))
                    (local.get $spans))
                  (i8x16.eq (local.get $v) (local.get $ones)))
                (i8x16.eq (local.get $v) (local.get $others)))))
        (then (return (i32.add (local.get $at) (i32.ctz (local.get $mask))))))
      (br_if $next
        (i32.lt_u
          (local.tee $at (i32.add (local.get $at) (i32.const 16)))
          (local.get $end))))
    (local.get $at))

  ;; Follows the brackets and quotes of JSON from $at to before $end, and returns the state behind
  ;; them, whose bits byte_search.ts explains. It stops where they are nested deeper than $levels, and
  ;; where the one value has ended. Reads up to 15 bytes beyond.
  (func (export "follow")
    (param $at i32) (param $end i32) (param $state i32) (param $levels i32)
    (result i32)
    (local $v v128) (local $high v128) (local $mask i32) (local $within i32) (local $isDense i32)
    (local $quotes v128) (local $backslashes v128) (local $opening v128) (local $closing v128)
    (local $lower v128) (local $v1 v128) (local $v2 v128) (local $v3 v128)
    (local $place i32) (local $byte i32)
    (local $depth i32) (local $isInText i32) (local $isOne i32) (local $escaped i32)
    (local.set $isInText (i32.and (local.get $state) (i32.const 1)))
    (local.set $isOne (i32.and (local.get $state) (i32.const 32)))
    (local.set $depth (i32.shr_s (local.get $state) (i32.const 6)))
    ;; The place of the last byte behind a backslash, which counts for nothing.
    (local.set $escaped
      (select (local.get $at) (i32.const -1) (i32.and (local.get $state) (i32.const 2))))
    (local.set $state (i32.const 0))
    (local.set $quotes (i8x16.splat (i32.const 0x22)))
    (local.set $backslashes (i8x16.splat (i32.const 0x5c)))
    ;; With bit 5 both brackets that open are the same, and both that close.
    (local.set $lower (i8x16.splat (i32.const 0x20)))
    (local.set $opening (i8x16.splat (i32.const 0x7b)))
    (local.set $closing (i8x16.splat (i32.const 0x7d)))
    (block $stop
      (loop $next
        ;; 64 at a time for as long as there is none, after 16 that had none.
        (block $near
          (br_if $near (local.get $isDense))
          (loop $far
            (br_if $near (i32.gt_u (i32.add (local.get $at) (i32.const 64)) (local.get $end)))
            (local.set $v (v128.load (local.get $at)))
            (local.set $v1 (v128.load offset=16 (local.get $at)))
            (local.set $v2 (v128.load offset=32 (local.get $at)))
            (local.set $v3 (v128.load offset=48 (local.get $at)))
            (br_if $near
              (v128.any_true
                (v128.or
                  (v128.or
                    (v128.or
                      (v128.or
                        (i8x16.eq (local.get $v) (local.get $quotes))
                        (i8x16.eq (local.get $v) (local.get $backslashes)))
                      (v128.or
                        (i8x16.eq (v128.or (local.get $v) (local.get $lower)) (local.get $opening))
                        (i8x16.eq (v128.or (local.get $v) (local.get $lower)) (local.get $closing))))
                    (v128.or
                      (v128.or
                        (i8x16.eq (local.get $v1) (local.get $quotes))
                        (i8x16.eq (local.get $v1) (local.get $backslashes)))
                      (v128.or
                        (i8x16.eq (v128.or (local.get $v1) (local.get $lower)) (local.get $opening))
                        (i8x16.eq (v128.or (local.get $v1) (local.get $lower)) (local.get $closing)))))
                  (v128.or
                    (v128.or
                      (v128.or
                        (i8x16.eq (local.get $v2) (local.get $quotes))
                        (i8x16.eq (local.get $v2) (local.get $backslashes)))
                      (v128.or
                        (i8x16.eq (v128.or (local.get $v2) (local.get $lower)) (local.get $opening))
                        (i8x16.eq (v128.or (local.get $v2) (local.get $lower)) (local.get $closing))))
                    (v128.or
                      (v128.or
                        (i8x16.eq (local.get $v3) (local.get $quotes))
                        (i8x16.eq (local.get $v3) (local.get $backslashes)))
                      (v128.or
                        (i8x16.eq (v128.or (local.get $v3) (local.get $lower)) (local.get $opening))
                        (i8x16.eq (v128.or (local.get $v3) (local.get $lower)) (local.get $closing))))))))
            (local.set $high
              (v128.or
                (local.get $high)
                (v128.or
                  (v128.or (local.get $v) (local.get $v1))
                  (v128.or (local.get $v2) (local.get $v3)))))
            (br_if $far
              (i32.lt_u
                (local.tee $at (i32.add (local.get $at) (i32.const 64)))
                (local.get $end)))
            (br $stop)))
        (local.set $v (v128.load (local.get $at)))
        (local.set $mask
          (i8x16.bitmask
            (v128.or
              (v128.or
                (i8x16.eq (local.get $v) (local.get $quotes))
                (i8x16.eq (local.get $v) (local.get $backslashes)))
              (v128.or
                (i8x16.eq (v128.or (local.get $v) (local.get $lower)) (local.get $opening))
                (i8x16.eq (v128.or (local.get $v) (local.get $lower)) (local.get $closing))))))
        (if (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end))
          (then
            (local.set $within
              (i32.sub
                (i32.shl (i32.const 1) (i32.sub (local.get $end) (local.get $at)))
                (i32.const 1)))
            (local.set $mask (i32.and (local.get $mask) (local.get $within)))
            (if (i32.and (i8x16.bitmask (local.get $v)) (local.get $within))
              (then (local.set $high (i8x16.splat (i32.const 0x80))))))
          (else (local.set $high (v128.or (local.get $high) (local.get $v)))))
        (local.set $isDense (local.get $mask))
        (block $done
          (loop $event
            (br_if $done (i32.eqz (local.get $mask)))
            (local.set $place (i32.add (local.get $at) (i32.ctz (local.get $mask))))
            (local.set $mask
              (i32.and (local.get $mask) (i32.sub (local.get $mask) (i32.const 1))))
            (br_if $event (i32.eq (local.get $place) (local.get $escaped)))
            (local.set $byte (i32.load8_u (local.get $place)))
            (if (local.get $isInText)
              (then
                (if (i32.eq (local.get $byte) (i32.const 0x5c))
                  (then (local.set $escaped (i32.add (local.get $place) (i32.const 1)))))
                (br_if $event (i32.ne (local.get $byte) (i32.const 0x22)))
                (local.set $isInText (i32.const 0)))
              (else
                (br_if $event (i32.eq (local.get $byte) (i32.const 0x5c)))
                (if (i32.eq (local.get $byte) (i32.const 0x22))
                  (then
                    (local.set $isInText (i32.const 1))
                    (br $event)))
                ;; Of the opening ones bit 1 is set.
                (local.set $depth
                  (i32.add
                    (local.get $depth)
                    (i32.sub (i32.and (local.get $byte) (i32.const 2)) (i32.const 1))))
                (if (i32.gt_s (local.get $depth) (local.get $levels))
                  (then
                    (local.set $state (i32.const 8))
                    (br $stop)))))
            (br_if $event (local.get $depth))
            (br_if $event (i32.eqz (local.get $isOne)))
            (local.set $state
              (select
                (i32.const 4)
                (i32.const 8)
                (i32.eq (i32.add (local.get $place) (i32.const 1)) (local.get $end))))
            (br $stop)))
        (br_if $next
          (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 16)))
            (local.get $end)))))
    (i32.or
      (i32.or
        (i32.or (local.get $state) (local.get $isInText))
        (i32.or
          (local.get $isOne)
          (i32.shl (local.get $depth) (i32.const 6))))
      (i32.or
        (i32.shl (i32.eq (local.get $escaped) (local.get $end)) (i32.const 1))
        (select (i32.const 16) (i32.const 0)
          (i8x16.bitmask (local.get $high))))))

  ;; Whether all numbers outside of texts are decimals of up to 15 digits that JavaScript writes in the
  ;; same way: -1 if one may not be. Else bits 0 and 1 of the state are those of "follow", and from bit
  ;; 2 on stands how many of the last bytes are of a number that goes on. Reads up to 15 bytes beyond.
  (func (export "numbers")
    (param $at i32) (param $end i32) (param $state i32)
    (result i32)
    (local $v v128) (local $mask i32) (local $byte i32)
    (local $start i32) (local $first i32) (local $hasPoint i32)
    (if (i32.and (local.get $state) (i32.const 2))
      (then (local.set $at (i32.add (local.get $at) (i32.const 1)))))
    (loop $outside
      (if (i32.and (local.get $state) (i32.const 1))
        (then
          ;; To the quote that ends the text.
          (loop $inside
            (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 1))))
            (local.set $v (v128.load (local.get $at)))
            (local.set $mask
              (i8x16.bitmask
                (v128.or
                  (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x22)))
                  (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x5c))))))
            (if (i32.eqz (local.get $mask))
              (then
                (local.set $at (i32.add (local.get $at) (i32.const 16)))
                (br $inside)))
            (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $mask))))
            (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 1))))
            (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x22))
              (then
                (local.set $at (i32.add (local.get $at) (i32.const 2)))
                (br_if $inside (i32.le_u (local.get $at) (local.get $end)))
                ;; What comes next is escaped.
                (return (i32.const 3)))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))))
      (local.set $state (i32.const 0))
      (loop $next
        (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
        (local.set $byte (i32.load8_u (local.get $at)))
        (local.set $start (local.get $at))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (if (i32.eq (local.get $byte) (i32.const 0x22))
          (then
            (local.set $state (i32.const 1))
            (br $outside)))
        (local.set $first (local.get $start))
        (if (i32.eq (local.get $byte) (i32.const 0x2d))
          (then (local.set $first (local.get $at)))
          (else
            (br_if $next
              (i32.gt_u (i32.sub (local.get $byte) (i32.const 0x30)) (i32.const 9)))))
        ;; A number: to the byte that ends it.
        (local.set $hasPoint (i32.const 0))
        (block $ended
          (loop $digit
            (if (i32.ge_u (local.get $at) (local.get $end))
              (then
                (return
                  (i32.shl (i32.sub (local.get $end) (local.get $start)) (i32.const 2)))))
            (local.set $byte (i32.load8_u (local.get $at)))
            (if (i32.gt_u (i32.sub (local.get $byte) (i32.const 0x30)) (i32.const 9))
              (then
                (if (i32.eq (local.get $byte) (i32.const 0x2e))
                  (then (local.set $hasPoint (i32.const 1)))
                  (else
                    ;; An exponent. No other letter or sign comes behind a digit in JSON.
                    (if (i32.eq (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x65))
                      (then (return (i32.const -1))))
                    (br $ended)))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $digit
              (i32.le_u (i32.sub (local.get $at) (local.get $first)) (i32.const 15))))
          (return (i32.const -1)))
        (if (local.get $hasPoint)
          (then
            ;; JavaScript drops zeros at the end, and writes 0.0000001 as 1e-7. The four bytes are
            ;; those of "0.00".
            (br_if $next
              (i32.and
                (i32.ne
                  (i32.load8_u (i32.sub (local.get $at) (i32.const 1)))
                  (i32.const 0x30))
                (i32.ne (i32.load (local.get $first)) (i32.const 0x30302e30)))))
          (else
            (br_if $next (i32.ne (i32.load8_u (local.get $first)) (i32.const 0x30)))
            ;; A zero by itself.
            (br_if $next
              (i32.and
                (i32.eq (local.get $first) (local.get $start))
                (i32.eq (i32.sub (local.get $at) (local.get $start)) (i32.const 1))))))
        (return (i32.const -1))))
    (unreachable))
)
