using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Kilonova.NodeAgent.Images;

/// <summary>
/// Runs a tool on untrusted files: with a limit on its address space, CPU time, wall time and output. Arguments are passed as a list, never through a shell.
/// </summary>
internal static class BoundedProcess
{
    private const int OutputLimit = 1 << 20;
    private const int ErrorLimit = 4096;

    /// <summary>Address space that <c>qemu-img</c> may use, in bytes (Nova's figure).</summary>
    private const long AddressSpace = 1L << 30;

    /// <summary>CPU time that <c>qemu-img</c> may use, in s (Nova's figure).</summary>
    private const int CpuSeconds = 30;

    /// <summary>What a tool said.</summary>
    public sealed record Outcome(int ExitCode, byte[] Output, string Error);

    /// <summary>Runs a tool to its end.</summary>
    /// <exception cref="TimeoutException">It took longer than the wall time given and was killed.</exception>
    /// <exception cref="InvalidDataException">It wrote more than 1 MiB and was killed.</exception>
    public static async Task<Outcome> RunAsync(string tool, IEnumerable<string> arguments, TimeSpan limit, CancellationToken cancel)
    {
        using var process = new Process();
        var start = process.StartInfo;
        start.FileName = "prlimit";
        start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--as={AddressSpace}"));
        start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--cpu={CpuSeconds}"));
        start.ArgumentList.Add("--");
        start.ArgumentList.Add(tool);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["LC_ALL"] = "C";

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(limit);
        process.Start();
        try
        {
            process.StandardInput.Close();
            var output = ReadAsync(process.StandardOutput.BaseStream, OutputLimit, refuse: true, timeout.Token);
            var error = ReadAsync(process.StandardError.BaseStream, ErrorLimit, refuse: false, timeout.Token);
            await Task.WhenAll(output, error);
            await process.WaitForExitAsync(timeout.Token);
            return new Outcome(process.ExitCode, await output, Encoding.UTF8.GetString(await error).Trim());
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"{tool} took longer than {limit.TotalSeconds:0} s.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int limit, bool refuse, CancellationToken cancel)
    {
        var kept = new MemoryStream();
        var buffer = new byte[8192];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancel)) > 0)
        {
            if (refuse && kept.Length + read > limit)
                throw new InvalidDataException($"The tool wrote more than {limit} bytes.");
            kept.Write(buffer, 0, (int)Math.Min(read, limit - kept.Length));
        }

        return kept.ToArray();
    }
}
