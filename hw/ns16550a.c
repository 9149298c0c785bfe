/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * National Semiconductor PC16550D, a serial port with 16-byte FIFOs (data
 * sheet, June 1995).
 *
 * Transmission takes no time unless the other end is slow; received bytes
 * come as fast as they are read.  Not modelled: parity and framing errors.
 */
#include "hw/ns16550a.h"

#include <errno.h>
#include <string.h>

#include "vmm/chardev.h"
#include "vmm/machine.h"

enum reg {
	REG_DATA, /* RBR and THR; with DLAB the divisor's low byte */
	REG_IER, /* with DLAB its high byte */
	REG_IIR, /* FCR when written */
	REG_LCR,
	REG_MCR,
	REG_LSR,
	REG_MSR,
	REG_SCR
};

#define IER_RDI	      0x01u
#define IER_THRI      0x02u
#define IER_RLSI      0x04u
#define IER_MSI	      0x08u
#define IER_MASK      0x0fu
#define IIR_NONE      0x01u
#define IIR_MSI	      0x00u
#define IIR_THRI      0x02u
#define IIR_RDI	      0x04u
#define IIR_RLSI      0x06u
#define IIR_CTI	      0x0cu
#define IIR_FIFO      0xc0u
#define FCR_ENABLE    0x01u
#define FCR_RX_CLEAR  0x02u
#define FCR_TX_CLEAR  0x04u
#define FCR_KEEP      0xc9u
#define LCR_BREAK     0x40u
#define LCR_DLAB      0x80u
#define MCR_DTR	      0x01u
#define MCR_RTS	      0x02u
#define MCR_OUT1      0x04u
#define MCR_OUT2      0x08u
#define MCR_LOOP      0x10u
#define MCR_MASK      0x1fu
#define LSR_DR	      0x01u
#define LSR_OE	      0x02u
#define LSR_BI	      0x10u
#define LSR_THRE      0x20u
#define LSR_TEMT      0x40u
#define LSR_INT	      0x1eu
#define MSR_DCTS      0x01u
#define MSR_DDSR      0x02u
#define MSR_TERI      0x04u
#define MSR_DDCD      0x08u
#define MSR_CTS	      0x10u
#define MSR_DSR	      0x20u
#define MSR_RI	      0x40u
#define MSR_DCD	      0x80u
#define MSR_DELTA     0x0fu

#define FIFO	      16u
#define BAUD_BASE     115200u
#define DIVISOR_RESET 12u /* 9600 baud */
#define CHAR_BITS     10u
#define TIMEOUT_CHARS 4u

struct ns16550a {
	struct device dev;
	char *chardev; /* property: a chardev's id */
	uint32_t iobase, irq_line, index; /* properties */
	struct chardev_end chr;
	uint8_t ier, lcr, mcr, lsr, msr, scr, fcr;
	uint16_t divisor;
	uint8_t rx[FIFO], tx[FIFO];
	uint8_t rx_head, rx_count, tx_head, tx_count;
	bool thri; /* the transmitter's interrupt is pending */
	bool timed_out; /* characters wait below the trigger level */
	struct timer timeout;
};

static bool fifo_on(const struct ns16550a *s)
{
	return s->fcr & FCR_ENABLE;
}

static unsigned rx_size(const struct ns16550a *s)
{
	return fifo_on(s) ? FIFO : 1;
}

static unsigned rx_trigger(const struct ns16550a *s)
{
	static const uint8_t levels[] = {1, 4, 8, 14};

	return fifo_on(s) ? levels[s->fcr >> 6] : 1;
}

/* Highest priority first: data sheet, table IV. */
static uint8_t pending(const struct ns16550a *s)
{
	if ((s->ier & IER_RLSI) && (s->lsr & LSR_INT))
		return IIR_RLSI;
	if ((s->ier & IER_RDI) && s->timed_out)
		return IIR_CTI;
	if ((s->ier & IER_RDI) && (s->lsr & LSR_DR) &&
	    s->rx_count >= rx_trigger(s))
		return IIR_RDI;
	if ((s->ier & IER_THRI) && s->thri)
		return IIR_THRI;
	if ((s->ier & IER_MSI) && (s->msr & MSR_DELTA))
		return IIR_MSI;
	return IIR_NONE;
}

static void update_irq(struct ns16550a *s)
{
	irq_set(&s->dev.irq[0], pending(s) != IIR_NONE);
}

/* Four characters' time after the last one came or was read. */
static void arm_timeout(struct ns16550a *s)
{
	struct clock *virt = &s->dev.machine->virt;
	int64_t ns = (int64_t)(s->divisor ? s->divisor : 1) * CHAR_BITS *
		     TIMEOUT_CHARS * NS_PER_SEC / BAUD_BASE;

	s->timed_out = false;
	if (fifo_on(s) && s->rx_count)
		timer_set(&s->timeout, clock_now(virt) + ns);
	else
		timer_cancel(&s->timeout);
}

static void on_timeout(void *ctx)
{
	struct ns16550a *s = ctx;

	s->timed_out = true;
	update_irq(s);
}

static void receive(struct ns16550a *s, uint8_t val)
{
	if (s->rx_count == rx_size(s)) {
		s->lsr |= LSR_OE;
		if (fifo_on(s))
			return; /* without a FIFO the old one is lost */
		s->rx_count = 0;
	}
	s->rx[(s->rx_head + s->rx_count++) % FIFO] = val;
	s->lsr |= LSR_DR;
	arm_timeout(s);
}

static void transmitted(struct ns16550a *s)
{
	s->lsr |= LSR_THRE;
	if (!s->tx_count)
		s->lsr |= LSR_TEMT;
	s->thri = true;
}

/* Sends what is in the FIFO, as far as the other end takes it. */
static void flush(struct ns16550a *s)
{
	while (s->tx_count) {
		if (s->mcr & MCR_LOOP)
			receive(s, s->tx[s->tx_head]);
		else if (!chardev_write(&s->chr, &s->tx[s->tx_head], 1))
			return;
		s->tx_head = (s->tx_head + 1) % FIFO;
		s->tx_count--;
	}
	transmitted(s);
}

static void transmit(struct ns16550a *s, uint8_t val)
{
	unsigned size = fifo_on(s) ? FIFO : 1;

	s->thri = false;
	if (s->tx_count < size)
		s->tx[(s->tx_head + s->tx_count++) % FIFO] = val;
	s->lsr &= (uint8_t) ~(LSR_THRE | LSR_TEMT);
	flush(s);
}

static uint8_t read_data(struct ns16550a *s)
{
	uint8_t val = s->rx[s->rx_head];

	if (!s->rx_count)
		return val;
	s->rx_head = (s->rx_head + 1) % FIFO;
	s->rx_count--;
	if (!s->rx_count)
		s->lsr &= (uint8_t) ~(LSR_DR | LSR_BI);
	arm_timeout(s);
	chardev_accept_input(&s->chr);
	return val;
}

static uint8_t read_iir(struct ns16550a *s)
{
	uint8_t iir = pending(s);

	if (iir == IIR_THRI)
		s->thri = false;
	return iir | (fifo_on(s) ? IIR_FIFO : 0);
}

/* In loopback the modem outputs are the inputs. */
static uint8_t read_msr(struct ns16550a *s)
{
	uint8_t val = s->msr;

	if (!(s->mcr & MCR_LOOP)) {
		s->msr &= (uint8_t)~MSR_DELTA;
		return val;
	}
	return (s->mcr & MCR_RTS ? MSR_CTS : 0) |
	       (s->mcr & MCR_DTR ? MSR_DSR : 0) |
	       (s->mcr & MCR_OUT1 ? MSR_RI : 0) |
	       (s->mcr & MCR_OUT2 ? MSR_DCD : 0);
}

static uint64_t serial_read(void *dev, uint64_t off, unsigned size)
{
	struct ns16550a *s = dev;
	uint8_t val = 0;

	switch (off) {
	case REG_DATA:
		if (s->lcr & LCR_DLAB)
			return s->divisor & 0xff;
		val = read_data(s);
		break;
	case REG_IER:
		return s->lcr & LCR_DLAB ? s->divisor >> 8 : s->ier;
	case REG_IIR:
		val = read_iir(s);
		break;
	case REG_LCR:
		return s->lcr;
	case REG_MCR:
		return s->mcr;
	case REG_LSR:
		val = s->lsr;
		s->lsr &= (uint8_t) ~(LSR_OE | LSR_BI);
		break;
	case REG_MSR:
		val = read_msr(s);
		break;
	case REG_SCR:
		return s->scr;
	}
	update_irq(s);
	return val;
}

static void write_fcr(struct ns16550a *s, uint8_t val)
{
	bool toggled = (val ^ s->fcr) & FCR_ENABLE;

	if (toggled || (val & FCR_RX_CLEAR)) {
		s->rx_count = 0;
		s->lsr &= (uint8_t) ~(LSR_DR | LSR_BI);
	}
	if (toggled || (val & FCR_TX_CLEAR)) {
		s->tx_count = 0;
		transmitted(s);
	}
	s->fcr = val & FCR_ENABLE ? val & FCR_KEEP : 0;
	arm_timeout(s);
	chardev_accept_input(&s->chr);
}

static void write_ier(struct ns16550a *s, uint8_t val)
{
	val &= IER_MASK;
	/* Enabling it with an empty transmitter raises it at once. */
	if ((val & ~s->ier & IER_THRI) && (s->lsr & LSR_THRE))
		s->thri = true;
	s->ier = val;
}

static void serial_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct ns16550a *s = dev;
	uint8_t v = (uint8_t)val;

	switch (off) {
	case REG_DATA:
		if (s->lcr & LCR_DLAB)
			s->divisor = (uint16_t)((s->divisor & 0xff00) | v);
		else
			transmit(s, v);
		break;
	case REG_IER:
		if (s->lcr & LCR_DLAB)
			s->divisor = (uint16_t)((s->divisor & 0xff) | v << 8);
		else
			write_ier(s, v);
		break;
	case REG_IIR:
		write_fcr(s, v);
		break;
	case REG_LCR:
		s->lcr = v;
		break;
	case REG_MCR:
		s->mcr = v & MCR_MASK;
		break;
	case REG_SCR:
		s->scr = v;
		break;
	default:
		return; /* LSR and MSR are for reading */
	}
	update_irq(s);
}

static const struct bus_ops ops = {
	.read = serial_read,
	.write = serial_write,
	.max = 1,
};

static const struct device_region regions[] = {
	{"serial", &ops, 8},
	{.name = NULL},
};

static size_t can_read(void *ctx)
{
	const struct ns16550a *s = ctx;

	if (s->mcr & MCR_LOOP)
		return 0;
	return rx_size(s) - s->rx_count;
}

static void take_input(void *ctx, const uint8_t *buf, size_t len)
{
	struct ns16550a *s = ctx;
	size_t i;

	for (i = 0; i < len; i++)
		receive(s, buf[i]);
	update_irq(s);
}

static void on_chardev(void *ctx, enum chardev_event event)
{
	struct ns16550a *s = ctx;

	if (event != CHARDEV_BREAK)
		return;
	receive(s, 0);
	s->lsr |= LSR_BI;
	update_irq(s);
}

static void on_writable(void *ctx)
{
	struct ns16550a *s = ctx;

	if (!s->tx_count)
		return;
	flush(s);
	update_irq(s);
}

static const struct chardev_user user = {
	.can_read = can_read,
	.read = take_input,
	.event = on_chardev,
	.writable = on_writable,
};

static int init(struct device *dev, struct error *err)
{
	struct ns16550a *s = (struct ns16550a *)dev;
	struct chardev *chr = NULL;

	timer_init(&s->timeout, &dev->machine->virt, on_timeout, s);
	if (s->chardev && *s->chardev) {
		chr = chardev_find(dev->machine, s->chardev);
		if (!chr)
			return error_set(err, ENOENT,
					 "Property 'isa-serial.chardev' can't "
					 "find value '%s'",
					 s->chardev);
	}
	return chardev_attach(&s->chr, chr, &user, s, err);
}

static void reset(struct device *dev)
{
	struct ns16550a *s = (struct ns16550a *)dev;

	s->ier = s->lcr = s->scr = s->fcr = 0;
	s->mcr = MCR_OUT2;
	s->lsr = LSR_THRE | LSR_TEMT;
	s->msr = MSR_DCD | MSR_DSR | MSR_CTS;
	s->divisor = DIVISOR_RESET;
	s->rx_count = s->rx_head = s->tx_count = s->tx_head = 0;
	s->thri = s->timed_out = false;
	timer_cancel(&s->timeout);
	update_irq(s);
	chardev_accept_input(&s->chr);
}

static void fini(struct device *dev)
{
	struct ns16550a *s = (struct ns16550a *)dev;

	timer_cancel(&s->timeout);
	chardev_detach(&s->chr);
}

static const struct opt_desc opts[] = {
	{.name = "chardev",
	 .type = OPT_STRING,
	 .offset = offsetof(struct ns16550a, chardev),
	 .help = "the chardev at the other end"},
	{.name = "iobase",
	 .type = OPT_U32,
	 .offset = offsetof(struct ns16550a, iobase),
	 .max = UINT16_MAX - 7,
	 .dflt = "0",
	 .help = "its I/O port; 0: the next of the usual four"},
	{.name = "irq",
	 .type = OPT_U32,
	 .offset = offsetof(struct ns16550a, irq_line),
	 .max = 15,
	 .dflt = "0",
	 .help = "its ISA interrupt; 0: the usual one"},
	{.name = "index",
	 .type = OPT_U32,
	 .offset = offsetof(struct ns16550a, index),
	 .max = UINT32_MAX,
	 .dflt = "4294967295",
	 .help = "which of the usual four it is [the next]"},
	{.type = OPT_END},
};

static const struct state_field fields[] = {
	{STATE_ELEM(STATE_U8, struct ns16550a, ier)},
	{STATE_ELEM(STATE_U8, struct ns16550a, lcr)},
	{STATE_ELEM(STATE_U8, struct ns16550a, mcr)},
	{STATE_ELEM(STATE_U8, struct ns16550a, lsr)},
	{STATE_ELEM(STATE_U8, struct ns16550a, msr)},
	{STATE_ELEM(STATE_U8, struct ns16550a, scr)},
	{STATE_ELEM(STATE_U8, struct ns16550a, fcr)},
	{STATE_ELEM(STATE_U16, struct ns16550a, divisor)},
	{STATE_ARR(STATE_U8, struct ns16550a, rx)},
	{STATE_ARR(STATE_U8, struct ns16550a, tx)},
	{STATE_ELEM(STATE_U8, struct ns16550a, rx_head), .hi = FIFO - 1},
	{STATE_ELEM(STATE_U8, struct ns16550a, rx_count), .hi = FIFO},
	{STATE_ELEM(STATE_U8, struct ns16550a, tx_head), .hi = FIFO - 1},
	{STATE_ELEM(STATE_U8, struct ns16550a, tx_count), .hi = FIFO},
	{STATE_ELEM(STATE_BOOL, struct ns16550a, thri)},
	{STATE_ELEM(STATE_BOOL, struct ns16550a, timed_out)},
	{STATE_ELEM(STATE_TIMER, struct ns16550a, timeout)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	update_irq(dev);
}

static const struct state_desc state = {.name = "serial",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class ns16550a_class = {
	.name = "isa-serial",
	.desc = "Serial port",
	.bus = DEVICE_ISA,
	.user = true,
	.size = sizeof(struct ns16550a),
	.opts = opts,
	.state = &state,
	.regions = regions,
	.iobase_offset = offsetof(struct ns16550a, iobase),
	.irq_offset = offsetof(struct ns16550a, irq_line),
	.init = init,
	.reset = reset,
	.fini = fini,
};
