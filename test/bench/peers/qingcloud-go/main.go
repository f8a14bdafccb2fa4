// The tasks of the QingCloud benchmark with nothing but Go's standard library, in the way of the vendor's Go SDK: url.QueryEscape with
// blanks put right, sorted names, encoding/json into structs. Written for this benchmark after the documentation of the signature: it is
// not the SDK. The task stands in the first argument as JSON, each line of standard input asks for one turn, and each turn is answered
// with one line of JSON.
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"
)

type benchTask struct {
	Task  string
	Count int
	Nics  int
	File  string
}

type nic struct {
	NicID      *string    `json:"nic_id"`
	NicName    *string    `json:"nic_name"`
	Status     *string    `json:"status"`
	InstanceID *string    `json:"instance_id"`
	VxnetID    *string    `json:"vxnet_id"`
	PrivateIP  *string    `json:"private_ip"`
	Role       *int       `json:"role"`
	CreateTime *time.Time `json:"create_time"`
}

type reply struct {
	Action     *string `json:"action"`
	RetCode    *int    `json:"ret_code"`
	TotalCount *int    `json:"total_count"`
	NicSet     []*nic  `json:"nic_set"`
}

func nicID(number int) string {
	text := fmt.Sprintf("%08x", number)
	return "52:54:" + text[0:2] + ":" + text[2:4] + ":" + text[4:6] + ":" + text[6:8]
}

func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

func sign(request, nics int) string {
	params := map[string]string{
		"action":            "AttachNics",
		"zone":              "pek3a",
		"instance":          "i-0abcdef1",
		"time_stamp":        "2017-08-17T03:04:05Z",
		"access_key_id":     "QYACCESSKEYIDEXAMPLE",
		"signature_method":  "HmacSHA256",
		"signature_version": "1",
	}
	for n := 0; n < nics; n++ {
		params["nics."+strconv.Itoa(n+1)] = nicID(request*nics + n)
	}
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	pairs := make([]string, 0, len(names))
	for _, name := range names {
		pairs = append(pairs, name+"="+escape(strings.TrimSpace(params[name])))
	}
	query := strings.Join(pairs, "&")
	hash := hmac.New(sha256.New, []byte("SECRETACCESSKEY"))
	hash.Write([]byte("GET\n/iaas\n" + query))
	return query + "&signature=" + escape(base64.StdEncoding.EncodeToString(hash.Sum(nil)))
}

func decode(text []byte) (int, int, error) {
	var it reply
	if err := json.Unmarshal(text, &it); err != nil {
		return 0, 0, err
	}
	if it.RetCode == nil || *it.RetCode != 0 {
		return 0, 0, fmt.Errorf("refused")
	}
	used := 0
	for _, each := range it.NicSet {
		if each.Status != nil && *each.Status == "in-use" {
			used++
		}
	}
	return len(it.NicSet), used, nil
}

func turn(task benchTask, text []byte) (map[string][]float64, error) {
	begun := time.Now()
	check := []float64{}
	if task.Task == "sign" {
		last := ""
		for request := 0; request < task.Count; request++ {
			last = sign(request, task.Nics)
		}
		check = append(check, float64(len(last)))
		for _, letter := range []byte(last[len(last)-20:]) {
			check = append(check, float64(letter))
		}
	} else {
		check = []float64{0, 0}
		for i := 0; i < task.Count; i++ {
			nics, used, err := decode(text)
			if err != nil {
				return nil, err
			}
			check[0] += float64(nics)
			check[1] += float64(used)
		}
	}
	took := float64(time.Since(begun).Nanoseconds()) / 1e6
	return map[string][]float64{task.Task: {took}, "check": check}, nil
}

func main() {
	var task benchTask
	if err := json.Unmarshal([]byte(os.Args[1]), &task); err != nil {
		log.Fatal(err)
	}
	var text []byte
	if task.File != "" {
		read, err := os.ReadFile(task.File)
		if err != nil {
			log.Fatal(err)
		}
		text = read
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		times, err := turn(task, text)
		if err != nil {
			log.Fatal(err)
		}
		answer, err := json.Marshal(times)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(answer))
	}
}
