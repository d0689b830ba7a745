package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
)

// listener accepts on several addresses. The first includes 127.0.0.1, so that Addr serves the loopback client.
type listener struct {
	all    []net.Listener
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// listen opens port on 127.0.0.1 and on every further address, which may come to exist later: hosts in
// network namespaces reach the server over a bridge that their own tests make.
func listen(port int, further []string) (net.Listener, error) {
	free := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var set error
		err := c.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), syscall.SOL_IP, syscall.IP_FREEBIND, 1) })
		return errors.Join(err, set)
	}}
	l := &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	addresses := append([]string{"127.0.0.1"}, further...)
	if slices.Contains(further, "0.0.0.0") {
		addresses = []string{"0.0.0.0"} // which leaves no address over
	}
	for _, address := range addresses {
		one, err := free.Listen(context.Background(), "tcp", net.JoinHostPort(address, fmt.Sprint(port)))
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.all = append(l.all, one)
		port = one.Addr().(*net.TCPAddr).Port // when it was 0
	}
	if len(l.all) == 1 {
		return l.all[0], nil
	}
	for _, one := range l.all {
		go l.forward(one)
	}
	return l, nil
}

func (l *listener) forward(one net.Listener) {
	for {
		c, err := one.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // a connection that was reset before it was accepted
		}
		select {
		case l.conns <- c:
		case <-l.closed:
			c.Close()
			return
		}
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Addr() net.Addr { return l.all[0].Addr() }

func (l *listener) Close() (err error) {
	l.once.Do(func() {
		close(l.closed)
		for _, one := range l.all {
			err = errors.Join(err, one.Close())
		}
	})
	return err
}
