// The tasks of the netlink benchmark done with github.com/vishvananda/netlink. The task stands in the first argument as JSON,
// each line of standard input asks for one turn, and each turn is answered with one line of JSON: what took how many milliseconds.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"github.com/vishvananda/netlink"
)

type benchTask struct {
	Task    string
	Count   int
	Gateway string
	Link    int
	Links   []int
	There   string
}

type turn func() (map[string][]float64, error)

var mtus = [2]int{1400, 1450}

func timed(work func() error) ([]float64, error) {
	begun := time.Now()
	err := work()
	return []float64{float64(time.Since(begun).Nanoseconds()) / 1e6}, err
}

func linkOf(index int) netlink.Link {
	return &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: index}}
}

func startDump(handle *netlink.Handle, task benchTask) turn {
	return func() (map[string][]float64, error) {
		took, err := timed(func() error {
			links, err := handle.LinkList()
			if err == nil && len(links) < task.Count {
				err = fmt.Errorf("%d links, not %d", len(links), task.Count)
			}
			return err
		})
		return map[string][]float64{"dump": took}, err
	}
}

func routesOf(task benchTask) []*netlink.Route {
	routes := make([]*netlink.Route, task.Count)
	gateway := net.ParseIP(task.Gateway)
	for i := range routes {
		address := net.IPv4(10, byte(i>>16), byte(i>>8), byte(i))
		routes[i] = &netlink.Route{Dst: &net.IPNet{IP: address, Mask: net.CIDRMask(32, 32)}, Gw: gateway, LinkIndex: task.Link}
	}
	return routes
}

func startRoutes(handle *netlink.Handle, task benchTask) turn {
	routes := routesOf(task)
	each := func(work func(*netlink.Route) error) func() error {
		return func() error {
			for _, route := range routes {
				if err := work(route); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return func() (map[string][]float64, error) {
		add, err := timed(each(handle.RouteAdd))
		if err != nil {
			return nil, err
		}
		remove, err := timed(each(handle.RouteDel))
		return map[string][]float64{"add": add, "remove": remove}, err
	}
}

func startMove(handle *netlink.Handle, task benchTask) (turn, error) {
	namespace, err := os.Open(task.There)
	if err != nil {
		return nil, err
	}
	return func() (map[string][]float64, error) {
		took, err := timed(func() error {
			for _, index := range task.Links {
				if err := handle.LinkSetNsFd(linkOf(index), int(namespace.Fd())); err != nil {
					return err
				}
			}
			return nil
		})
		return map[string][]float64{"move": took}, err
	}, nil
}

func startMonitor(handle *netlink.Handle, task benchTask) (turn, error) {
	updates := make(chan netlink.LinkUpdate, 16)
	if err := netlink.LinkSubscribe(updates, nil); err != nil {
		return nil, err
	}
	one := func(mtu int) func() error {
		return func() error {
			if err := handle.LinkSetMTU(linkOf(task.Link), mtu); err != nil {
				return err
			}
			for update := range updates {
				if update.Attrs().Index == task.Link && update.Attrs().MTU == mtu {
					return nil
				}
			}
			return fmt.Errorf("the events ended")
		}
	}
	return func() (map[string][]float64, error) {
		latencies := make([]float64, 0, task.Count)
		for i := 0; i < task.Count; i++ {
			took, err := timed(one(mtus[i%2]))
			if err != nil {
				return nil, err
			}
			latencies = append(latencies, took...)
		}
		return map[string][]float64{"latency": latencies}, nil
	}, nil
}

func start(task benchTask) (turn, error) {
	handle, err := netlink.NewHandle()
	if err != nil {
		return nil, err
	}
	switch task.Task {
	case "dump":
		return startDump(handle, task), nil
	case "routes":
		return startRoutes(handle, task), nil
	case "move":
		return startMove(handle, task)
	case "monitor":
		return startMonitor(handle, task)
	}
	return nil, fmt.Errorf("this program has no task %q", task.Task)
}

func main() {
	var task benchTask
	if err := json.Unmarshal([]byte(os.Args[1]), &task); err != nil {
		log.Fatal(err)
	}
	turn, err := start(task)
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		result, err := turn()
		if err != nil {
			log.Fatal(err)
		}
		text, err := json.Marshal(result)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(text))
	}
}
