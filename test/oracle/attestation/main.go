// go-attestation on cases of test/oracle/attestation/cases.ts: one JSON object a line in, a verdict a line out.
package main

import (
	"bufio"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/go-attestation/attest"
)

type testCase struct {
	ID        int      `json:"id"`
	Kind      string   `json:"kind"`
	Key       []byte   `json:"key"`
	Attest    []byte   `json:"attest"`
	Signature []byte   `json:"signature"`
	Nonce     []byte   `json:"nonce"`
	Log       []byte   `json:"log"`
	PCRs      [][2]any `json:"pcrs"`
}

func (c testCase) pcrs() []attest.PCR {
	var all []attest.PCR
	for _, row := range c.PCRs {
		value, err := hex.DecodeString(row[1].(string))
		if err != nil {
			panic(err)
		}
		all = append(all, attest.PCR{Index: int(row[0].(float64)), Digest: value, DigestAlg: crypto.SHA256})
	}
	return all
}

func (c testCase) check() (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("panic: %v", thrown)
		}
	}()
	if c.Kind == "quote" {
		key, err := attest.ParseAKPublic(c.Key)
		if err != nil {
			return err
		}
		return key.Verify(attest.Quote{Quote: c.Attest, Signature: c.Signature}, c.pcrs(), c.Nonce)
	}
	log, err := attest.ParseEventLog(c.Log)
	if err != nil {
		return err
	}
	_, err = log.Verify(c.pcrs())
	return err
}

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c testCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			panic(err)
		}
		if c.Kind == "ima" {
			continue
		}
		if err := c.check(); err != nil {
			fmt.Println(c.ID, "refused", err)
		} else {
			fmt.Println(c.ID, "accepted")
		}
	}
}
