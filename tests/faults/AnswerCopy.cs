using System.Text;

namespace Kilonova.Faults;

/// <summary>How the copying of an answer ended.</summary>
internal enum AnswerEnd
{
    /// <summary>As the server ended it.</summary>
    Complete,

    /// <summary>Early, and the client is to take it for the end.</summary>
    Early,

    /// <summary>The exchange is to be aborted.</summary>
    Abort,

    /// <summary>The connection is to be reset.</summary>
    Reset,

    /// <summary>Nothing more is to come.</summary>
    Silence,
}

/// <summary>Copies an answer to the client and applies a fault on the way. Lines of watches are passed whole, as soon as they are.</summary>
internal sealed class AnswerCopy(FaultPlan plan, FaultRule? fault, bool isWatch, MemoryStream? remembered)
{
    private readonly byte[] _buffer = new byte[16 * 1024];

    public async Task<AnswerEnd> RunAsync(Stream from, Stream to, CancellationToken cancel)
    {
        if (fault is null)
            return await CopyAsync(from, to, cancel);
        return isWatch ? await CopyLinesAsync(from, to, fault, cancel) : await CopyPartAsync(from, to, fault, cancel);
    }

    private async Task<AnswerEnd> CopyAsync(Stream from, Stream to, CancellationToken cancel)
    {
        while (await from.ReadAsync(_buffer, cancel) is > 0 and var read)
        {
            await to.WriteAsync(_buffer.AsMemory(0, read), cancel);
            if (isWatch)
                await to.FlushAsync(cancel);
            else if (remembered?.Length <= AnswerHistory.MaxBody)
                remembered.Write(_buffer, 0, read);
        }

        return AnswerEnd.Complete;
    }

    private async Task<AnswerEnd> CopyLinesAsync(Stream from, Stream to, FaultRule rule, CancellationToken cancel)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (rule.AfterTime is { } after)
            time.CancelAfter(after);
        var left = rule.AfterLines ?? (rule.AfterTime is null ? 0 : int.MaxValue);
        var line = new MemoryStream();
        while (true)
        {
            int read;
            try
            {
                if (left == 0 && rule.Fault != FaultKind.Truncate)
                    return await ApplyAsync(to, rule, cancel);
                read = await from.ReadAsync(_buffer, time.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return await ApplyAsync(to, rule, cancel);
            }

            if (read == 0)
                return AnswerEnd.Complete;
            foreach (var b in _buffer.AsMemory(0, read).ToArray())
            {
                line.WriteByte(b);
                if (b != (byte)'\n')
                    continue;
                if (left == 0)
                {
                    // Half of the next line, then the end.
                    plan.Happened(rule);
                    await to.WriteAsync(line.GetBuffer().AsMemory(0, (int)line.Length / 2), cancel);
                    return AnswerEnd.Early;
                }

                await to.WriteAsync(line.GetBuffer().AsMemory(0, (int)line.Length), cancel);
                await to.FlushAsync(cancel);
                line.SetLength(0);
                if (--left == 0 && rule.Fault != FaultKind.Truncate)
                    return await ApplyAsync(to, rule, cancel);
            }
        }
    }

    /// <summary>Of an answer that is no watch, the first half.</summary>
    private async Task<AnswerEnd> CopyPartAsync(Stream from, Stream to, FaultRule rule, CancellationToken cancel)
    {
        var whole = new MemoryStream();
        await from.CopyToAsync(whole, cancel);
        await to.WriteAsync(whole.GetBuffer().AsMemory(0, (int)whole.Length / 2), cancel);
        await to.FlushAsync(cancel);
        return await ApplyAsync(to, rule, cancel);
    }

    private async Task<AnswerEnd> ApplyAsync(Stream to, FaultRule rule, CancellationToken cancel)
    {
        plan.Happened(rule);
        switch (rule.Fault)
        {
            case FaultKind.Error when isWatch:
                var code = rule.Code ?? 410;
                var status = Exchange.StatusJson(code, rule.Reason ?? Exchange.Reason(code), "fault on demand");
                await to.WriteAsync(Encoding.UTF8.GetBytes($$"""{"type":"ERROR","object":{{status}}}""" + "\n"), cancel);
                return AnswerEnd.Early;
            case FaultKind.Abort:
                return AnswerEnd.Abort;
            case FaultKind.Reset:
                return AnswerEnd.Reset;
            case FaultKind.Silence:
                return AnswerEnd.Silence;
            default:
                return AnswerEnd.Early;
        }
    }
}
